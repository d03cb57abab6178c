package guide

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"unicode/utf8"
)

// A form is what the page of a step may post: each field once, and nothing else.
type form map[string]field

// A field is one input.
type field struct {
	most   int      // bytes
	values []string // closes what it may be; nil: any text
	file   bool
}

var errForm = errors.New("this is not what the page sends")

// read takes a form apart, strictly.
func (f form) read(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if r.URL.RawQuery != "" || parse(r) != nil {
		return nil, errForm
	}
	got := url.Values{}
	for name, list := range r.PostForm {
		if d, known := f[name]; !known || d.file || len(list) != 1 || !d.takes(list[0]) {
			return nil, errForm
		}
		got.Set(name, list[0])
	}
	if r.MultipartForm == nil {
		return got, nil
	}
	return got, f.readFiles(got, r.MultipartForm.File)
}

func parse(r *http.Request) error {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // held against two names
	switch kind {
	case "application/x-www-form-urlencoded":
		return r.ParseForm() // ParseMultipartForm would hide its error
	case "multipart/form-data":
		return r.ParseMultipartForm(maxForm)
	}
	return errForm
}

func (f form) readFiles(got url.Values, files map[string][]*multipart.FileHeader) error {
	for name, list := range files {
		if d, known := f[name]; !known || !d.file || len(list) != 1 || list[0].Size > int64(d.most) {
			return errForm
		}
		data, err := whole(list[0])
		if err != nil {
			return errForm
		}
		got.Set(name, data)
	}
	return nil
}

func (d field) takes(text string) bool {
	return len(text) <= d.most && utf8.ValidString(text) && (d.values == nil || slices.Contains(d.values, text))
}

func whole(h *multipart.FileHeader) (string, error) {
	file, err := h.Open()
	if err != nil {
		return "", err
	}
	defer file.Close()
	data, err := io.ReadAll(file) // within maxForm
	return string(data), err
}

// choice is a field with these values.
func choice(values ...string) field {
	most := 0
	for _, v := range values {
		most = max(most, len(v))
	}
	return field{most: most, values: values}
}
