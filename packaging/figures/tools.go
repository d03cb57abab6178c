package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// A tool is something that measures a line, or a way to run it.
type tool struct {
	under string // the policy; of deskready alone
	name  string
	takes time.Duration // about
	built bool          // is among the programs of peers
	check []string      // how deskready is asked; nil for the others
	run   func(context.Context, *stand) error
}

func toolName(t tool) string { return t.name }

// peers are the other tools; iperf3 with eight connections and ping stand for the truth where the line does not say it.
func peers() []tool {
	return []tool{
		{name: "ping", takes: 4 * time.Second, run: ping},
		{name: "iperf3-1", takes: 22 * time.Second, run: iperf("1")},
		{name: "iperf3-8", takes: 22 * time.Second, run: iperf("8")},
		{name: "speedtest-go", takes: 27 * time.Second, built: true, run: speedtestGo},
		{name: "librespeed", takes: 26 * time.Second, built: true, run: librespeed},
		{name: "ndt7", takes: 22 * time.Second, built: true, run: ndt7},
	}
}

func value(v float64) *float64 { return &v }

var pinged = regexp.MustCompile(`= [0-9.]+/([0-9.]+)/`)

// ping is the kernel's own answer, 20 times: its mean.
func ping(ctx context.Context, s *stand) error {
	out, err := s.client(ctx, nil, "ping", "-q", "-c", "20", "-i", "0.2", s.office.Addr)
	if err != nil {
		return err
	}
	m := pinged.FindSubmatch(out)
	if m == nil {
		return fmt.Errorf("ping said %s", out)
	}
	average, err := strconv.ParseFloat(string(m[1]), 64)
	s.row.RTT = value(average / 1e3)
	return err
}

// iperf receives, then sends, ten seconds each, of which the first two do not count.
func iperf(connections string) func(context.Context, *stand) error {
	return func(ctx context.Context, s *stand) error {
		const port = 5201
		if _, err := s.serve(ctx, port, "iperf3", "-s"); err != nil {
			return err
		}
		one := func(further ...string) (*float64, error) {
			out, err := s.client(ctx, nil, "iperf3", append([]string{"-J", "-P", connections, "-O", "2", "-t", "8", "-c", s.office.Addr}, further...)...)
			if err != nil {
				return nil, err
			}
			return parseIperf(out)
		}
		var down, up error
		s.row.Download, down = one("-R")
		s.row.Upload, up = one()
		return errors.Join(down, up)
	}
}

// parseIperf answers what the receiver counted.
func parseIperf(out []byte) (*float64, error) {
	var r struct {
		Error string `json:"error"`
		End   struct {
			Received *struct {
				Rate float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		} `json:"end"`
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return nil, fmt.Errorf("iperf3: %w", err)
	}
	if r.Error != "" || r.End.Received == nil {
		return nil, fmt.Errorf("iperf3: no result: %s", r.Error)
	}
	return &r.End.Received.Rate, nil
}

const webPort = 8080

func (s *stand) web(ctx context.Context) (string, error) {
	address := s.office.Addr + ":" + strconv.Itoa(webPort)
	_, err := s.serve(ctx, webPort, s.built("peers"), "serve", address)
	return "http://" + address, err
}

func speedtestGo(ctx context.Context, s *stand) error {
	base, err := s.web(ctx)
	if err != nil {
		return err
	}
	out, err := s.client(ctx, nil, s.built("peers"), "speedtest", base)
	if err != nil {
		return err
	}
	var r struct{ Download, Upload, Latency float64 }
	if err := json.Unmarshal(out, &r); err != nil {
		return fmt.Errorf("speedtest-go: %w", err)
	}
	s.row.Download, s.row.Upload, s.row.RTT = value(r.Download), value(r.Upload), value(r.Latency)
	return nil
}

// librespeed runs as it comes, but for ten seconds each way instead of 15, as its pages do.
func librespeed(ctx context.Context, s *stand) error {
	base, err := s.web(ctx)
	if err != nil {
		return err
	}
	list, err := json.Marshal([]map[string]any{{
		"id": 1, "name": "office", "server": base, "dlURL": "garbage", "ulURL": "empty", "pingURL": "empty", "getIpURL": "getIP",
	}})
	if err != nil {
		return err
	}
	file := filepath.Join(s.folder, "servers.json")
	if err := os.WriteFile(file, list, 0o644); err != nil {
		return err
	}
	out, err := s.client(ctx, nil, s.built("speedtest-cli"), "--json", "--local-json", file, "--server", "1", "--duration", "10")
	if err != nil {
		return err
	}
	var r []struct{ Download, Upload, Ping float64 }
	if err := json.Unmarshal(out, &r); err != nil || len(r) != 1 {
		return fmt.Errorf("librespeed: %w: %s", err, tail(string(out)))
	}
	s.row.Download, s.row.Upload, s.row.RTT = value(r[0].Download*1e6), value(r[0].Upload*1e6), value(r[0].Ping/1e3)
	return nil
}

func ndt7(ctx context.Context, s *stand) error {
	const port = 8081
	address := s.office.Addr + ":" + strconv.Itoa(port)
	const any = "127.0.0.1:0" // what of it is not used
	if _, err := s.serve(ctx, port, s.built("ndt-server"), "-ndt7_addr_cleartext", address, "-ndt7_addr", any, "-ndt5_addr", any,
		"-ndt5_ws_addr", any, "-health_addr", any, "-prometheusx.listen-address", any, "-datadir", s.folder); err != nil {
		return err
	}
	out, err := s.client(ctx, nil, s.built("ndt7-client"), "-scheme", "ws", "-server", address, "-format", "json", "-quiet")
	if err != nil {
		return err
	}
	return parseNDT7(out, s.row)
}

// parseNDT7 reads the summary, the last of the lines.
func parseNDT7(out []byte, r *row) error {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	type figure struct{ Value float64 }
	var sum struct {
		Download, Upload *struct{ Throughput, Latency figure }
	}
	if err := json.Unmarshal(lines[len(lines)-1], &sum); err != nil {
		return fmt.Errorf("ndt7: %w", err)
	}
	if sum.Download == nil || sum.Upload == nil {
		return fmt.Errorf("ndt7: no result: %s", tail(string(out)))
	}
	r.Download, r.Upload = value(sum.Download.Throughput.Value*1e6), value(sum.Upload.Throughput.Value*1e6)
	r.RTT = value(sum.Download.Latency.Value / 1e3)
	return nil
}
