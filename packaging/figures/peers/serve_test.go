package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestShape(t *testing.T) {
	srv := httptest.NewServer(handler())
	defer srv.Close()
	for _, tt := range []struct {
		method, path, body string
		status             int
		size               int64
		text               string
	}{
		{"GET", "/speedtest/latency.txt", "", 200, 10, "test=test\n"},
		{"GET", "/speedtest/random1000x1000.jpg", "", 200, 1986284, ""},
		{"GET", "/speedtest/random4000x4000.jpg", "", 200, 31780544, ""},
		{"GET", "/speedtest/random9000x9000.jpg", "", 404, 19, ""},
		{"GET", "/speedtest/random100x200.jpg", "", 404, 19, ""},
		{"POST", "/speedtest/upload.php", "12345", 200, 6, "size=5"},
		{"GET", "/garbage?ckSize=3", "", 200, 3 << 20, ""},
		{"GET", "/garbage?ckSize=x", "", 200, 4 << 20, ""},
		{"GET", "/empty", "", 200, 0, ""},
		{"POST", "/empty", "body", 200, 0, ""},
		{"GET", "/getIP", "", 200, 38, `{"processedString":"","rawIspInfo":{}}`},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, srv.URL+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != tt.status || int64(len(body)) != tt.size || tt.text != "" && string(body) != tt.text {
			t.Errorf("%s %s: %d, %d bytes, %v", tt.method, tt.path, resp.StatusCode, len(body), err)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"serve"}, {"speedtest", "a", "b"}, {"other", "x"}} {
		if err := run(args); err == nil {
			t.Errorf("%q: accepted", args)
		}
	}
}
