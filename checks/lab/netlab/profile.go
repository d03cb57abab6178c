//go:build linux

package main

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Profile is the whole link as the flags describe it.
type Profile struct {
	Down, Up   Shape
	Firewall   Firewall
	Seed       uint64
	Congestion string
}

// profileFlags adds the flags of a Profile to fs. The Profile is filled in by parsing.
func profileFlags(fs *flag.FlagSet) *Profile {
	p := &Profile{Seed: 1, Congestion: "cubic"}
	fs.Func("down", "rate to the client in `Mbit/s`, counting IP packets (default no limit)", func(v string) error {
		return parseRate(&p.Down.Rate, v)
	})
	fs.Func("up", "rate from the client in `Mbit/s` (default no limit)", func(v string) error {
		return parseRate(&p.Up.Rate, v)
	})
	fs.Func("rtt", "round-trip `time` of the idle link, half of it each way", func(v string) error {
		rtt, err := parseTime(v)
		p.Down.Delay, p.Up.Delay = rtt/2, rtt/2
		return err
	})
	shapeFlags(fs, p)
	fs.Func("block", "`list` of what to drop silently, such as udp,tcp/8080,icmp,ip6", func(v string) (err error) {
		p.Firewall.Block, err = ParseRules(v)
		return err
	})
	fs.Func("allow", "drop silently all that is not on the `list`, such as tcp/443", func(v string) (err error) {
		p.Firewall.Allow, err = ParseRules(v)
		return err
	})
	fs.Uint64Var(&p.Seed, "seed", p.Seed, "seed of the jitter and the loss")
	fs.StringVar(&p.Congestion, "cc", p.Congestion, "TCP congestion control at both ends; empty for the kernel's own choice")
	return p
}

// shapeFlags adds the flags that take one value for both directions, or one for each.
func shapeFlags(fs *flag.FlagSet, p *Profile) {
	both := func(name, usage string, set func(*Shape, string) error) {
		fs.Func(name, usage+"; `BOTH` or DOWN/UP", func(value string) error {
			down, up, split := strings.Cut(value, "/")
			if !split {
				up = down
			}
			if err := set(&p.Down, down); err != nil {
				return err
			}
			return set(&p.Up, up)
		})
	}
	both("delay", "one-way time of the idle link, instead of -rtt", func(s *Shape, v string) (err error) {
		s.Delay, err = parseTime(v)
		return err
	})
	both("jitter", "standard deviation of the one-way delay", func(s *Shape, v string) (err error) {
		s.Jitter, err = parseTime(v)
		return err
	})
	both("loss", "percent of the packets lost by chance", func(s *Shape, v string) error {
		return parseNumber(&s.Loss, v, 0, 90)
	})
	both("burst", "mean number of packets lost in a row", func(s *Shape, v string) error {
		return parseNumber(&s.Burst, v, 1, 1e4)
	})
	both("queue", "room before the bottleneck, as 100ms or 50p (packets) (default no limit)", func(s *Shape, v string) (err error) {
		s.Queue, err = parseQueue(v)
		return err
	})
}

func parseNumber(to *float64, v string, low, high float64) error {
	x, err := strconv.ParseFloat(v, 64)
	if err != nil || !(x >= low && x <= high) {
		return fmt.Errorf("want a number from %g to %g", low, high)
	}
	*to = x
	return nil
}

func parseRate(to *float64, v string) error { return parseNumber(to, v, 0, 1e5) }

func parseTime(v string) (time.Duration, error) {
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("want a time such as 40ms")
	}
	return d, nil
}

func parseQueue(v string) (Queue, error) {
	if count, ok := strings.CutSuffix(v, "p"); ok {
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 {
			return Queue{}, fmt.Errorf("want a number of packets such as 50p")
		}
		return Queue{Packets: n}, nil
	}
	d, err := parseTime(v)
	return Queue{Time: d}, err
}
