package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

const (
	block     = 1 << 20
	mostCount = 1024 // LibreSpeed's own servers send no more blocks than this
)

func serve(address string) error {
	return (&http.Server{Addr: address, Handler: handler(), ReadHeaderTimeout: 10 * time.Second}).ListenAndServe()
}

// handler answers what the two clients ask for, with bytes that cannot be compressed on the way.
func handler() http.Handler {
	noise := make([]byte, block)
	_, _ = rand.Read(noise) // never fails: crypto/rand ends the program instead
	mux := http.NewServeMux()
	mux.HandleFunc("GET /speedtest/latency.txt", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "test=test\n") })
	mux.HandleFunc("GET /speedtest/{picture}", func(w http.ResponseWriter, r *http.Request) {
		if n, ok := pictureSize(r.PathValue("picture")); ok {
			send(w, noise, n)
			return
		}
		http.NotFound(w, r)
	})
	mux.HandleFunc("POST /speedtest/upload.php", func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, "size=%d", n)
	})
	mux.HandleFunc("GET /garbage", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.URL.Query().Get("ckSize"))
		if err != nil || n < 1 {
			n = 4
		}
		send(w, noise, int64(min(n, mostCount))*block)
	})
	mux.HandleFunc("/empty", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	mux.HandleFunc("GET /getIP", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"processedString":"","rawIspInfo":{}}`)
	})
	return mux
}

// pictureSize is the bytes of one of speedtest.net's pictures of random dots, which grow with the square of the side:
// 1000 by 1000 are 1986284 bytes there.
func pictureSize(name string) (int64, bool) {
	m := regexp.MustCompile(`^random([1-9][0-9]{2,3})x([0-9]+)\.jpg$`).FindStringSubmatch(name)
	if m == nil || m[1] != m[2] {
		return 0, false
	}
	side, err := strconv.ParseInt(m[1], 10, 64)
	return side * side * 1986284 / 1000000, err == nil && side <= 4000
}

func send(w http.ResponseWriter, noise []byte, n int64) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	for ; n > 0; n -= block {
		if _, err := w.Write(noise[:min(n, block)]); err != nil {
			return // the client has enough
		}
	}
}
