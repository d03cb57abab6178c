// Command peers is what other speed tests need to be tried on a lab line.
//
//	peers serve ADDRESS     a server in the shape that speedtest.net and LibreSpeed give theirs
//	peers speedtest URL     speedtest-go as its own program drives it, which only works with an Internet: latency,
//	                        download, upload, with the library's defaults; prints one JSON object
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/showwin/speedtest-go/speedtest"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "serve":
		return serve(args[1])
	case len(args) == 2 && args[0] == "speedtest":
		f, err := raw(args[1])
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(f)
	}
	return fmt.Errorf("usage: peers serve ADDRESS | peers speedtest URL")
}

// figures are what the library says, nothing added: bit/s and seconds.
type figures struct {
	Download float64 `json:"download"`
	Upload   float64 `json:"upload"`
	Latency  float64 `json:"latency"`
	Jitter   float64 `json:"jitter"`
}

func raw(url string) (figures, error) {
	client := speedtest.New(speedtest.WithUserConfig(&speedtest.UserConfig{PingMode: speedtest.HTTP}))
	server, err := client.CustomServer(url)
	if err != nil {
		return figures{}, err
	}
	if err := server.PingTest(nil); err != nil {
		return figures{}, err
	}
	if err := server.DownloadTestContext(context.Background()); err != nil {
		return figures{}, err
	}
	if err := server.UploadTestContext(context.Background()); err != nil {
		return figures{}, err
	}
	return figures{
		Download: 8 * float64(server.DLSpeed), Upload: 8 * float64(server.ULSpeed), // the library counts bytes
		Latency: server.Latency.Seconds(), Jitter: server.Jitter.Seconds(),
	}, nil
}
