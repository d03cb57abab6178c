package audio

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// short limits keep the tests short. Those of starting are long: a child needs a moment on a busy computer.
var short = limits{hello: 12 * time.Second, list: 4 * time.Second, open: 5 * time.Second, first: time.Second, age: time.Second, finish: time.Second}

// The test binary is its own sound child: a real one, or one that misbehaves in a way that the role names.
const role = "AUDIO_TEST_CHILD"

func TestMain(m *testing.M) {
	how, is := os.LookupEnv(role)
	if !is {
		_ = flag.Set("test.parallel", sideBySide) // most of these tests wait; the command line outdoes it
		os.Exit(m.Run())
	}
	if how == "real" {
		if err := RunChild(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	misbehave(how)
}

// as starts the test binary in a role.
func as(how string) func(context.Context) *exec.Cmd {
	return func(ctx context.Context) *exec.Cmd {
		cmd := exec.CommandContext(ctx, os.Args[0])
		cmd.Env = append(os.Environ(), role+"="+how)
		return cmd
	}
}

const (
	oneHeadset = `{"devices":{"inputs":[{"id":"mic","name":"Some Headset","default":true,"headset":"yes","rate":48000}],` +
		`"outputs":[{"id":"out","name":"Some Headset","default":true,"headset":"yes"}],"named":true}}`
	goodVoice = `{"figures":{"rate":48000,"seconds":6,"speech":true,"level":-26,"floor":-70,"peak":0.5,"hum_level":-90,` +
		`"bandwidth":8000,"levels":[-70,-26]}}`
	noEcho = `{"echo":{"sweeps":5,"match":0.03,"loss":80}}`
	open48 = `{"opened":{"rate":48000}}`
	hello1 = `{"hello":true}`
)

// misbehave plays a child. It says hello and answers for devices as a good one does, unless the role is about that.
func misbehave(how string) {
	request := make([]byte, 4096)
	n, _ := os.Stdin.Read(request)
	play := strings.Contains(string(request[:n]), jobPlay)
	list := strings.Contains(string(request[:n]), jobDevices)
	before, listing := strings.CutPrefix(how, "list:")
	switch before {
	case "never starts":
		time.Sleep(time.Hour)
	case "slow list":
		if list {
			time.Sleep(time.Hour)
		}
		before = "good"
	case "slow start":
		time.Sleep(short.open + time.Second)
		before = "good"
	}
	if before != "no hello" {
		fmt.Println(hello1)
	}
	if list && (!listing || before == "good") {
		fmt.Println(oneHeadset)
		os.Exit(0)
	}
	switch before {
	case "silent output", "stalls while playing":
		if play {
			if before == "silent output" {
				fmt.Println(`{"fault":{"code":"not_played"}}`)
			} else {
				fmt.Println(open48)
			}
			time.Sleep(time.Hour)
		}
		fmt.Println(open48)
		fmt.Println(goodVoice)
	case "good", "no hello":
		fmt.Println(open48)
		for i := range 6 {
			fmt.Printf("{\"heard\":{\"samples\":%d,\"level\":-30}}\n", 48000*(i+1))
		}
		if play {
			fmt.Println(noEcho)
		}
		fmt.Println(goodVoice)
	case "hang":
		time.Sleep(time.Hour)
	case "two hellos":
		for {
			fmt.Println(hello1)
			time.Sleep(10 * time.Millisecond)
		}
	case "late figures":
		fmt.Println(open48)
		fmt.Println(`{"heard":{"samples":480000,"level":-30}}`)
		time.Sleep(time.Hour)
	case "hang after open":
		fmt.Println(open48)
		time.Sleep(time.Hour)
	case "hang after samples":
		fmt.Println(open48)
		fmt.Println(`{"heard":{"samples":4800,"level":-30}}`)
		time.Sleep(time.Hour)
	case "no samples":
		fmt.Println(open48)
		for {
			fmt.Println(`{"heard":{"samples":0,"level":-100}}`)
			time.Sleep(10 * time.Millisecond)
		}
	case "hang at the end":
		fmt.Println(open48)
		fmt.Println(goodVoice)
		time.Sleep(time.Hour)
	case "trickle":
		fmt.Println(open48)
		for i := 1; ; i++ {
			fmt.Printf("{\"heard\":{\"samples\":%d,\"level\":-30}}\n", i)
			time.Sleep(10 * time.Millisecond)
		}
	case "flood":
		for {
			fmt.Print(strings.Repeat(`{"heard":{"samples":1,"level":-30}}`+"\n", 1000))
		}
	case "endless line":
		for {
			fmt.Print("{\"heard\"", strings.Repeat(" ", 1000))
		}
	case "endless print":
		for {
			fmt.Print(strings.Repeat("12345\n", 1000))
		}
	case "garbage":
		fmt.Println("{\x00\xff}")
		time.Sleep(time.Hour)
	case "die":
		fmt.Fprintln(os.Stderr, "ALSA lib pcm.c:2660: Unknown PCM\npanic: lost /home/somebody/file in the driver")
		os.Exit(2)
	case "die after samples":
		fmt.Println(open48)
		fmt.Println(`{"heard":{"samples":4800,"level":-30}}`)
		os.Exit(2)
	case "spam":
		for range 20000 {
			fmt.Fprintln(os.Stderr, "ALSA lib pcm.c:2660: Unknown PCM", strings.Repeat("x", 100))
		}
		os.Exit(2)
	case "grandchild":
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), role+"=hang")
		child.Stdin, child.Stdout, child.Stderr = nil, os.Stdout, os.Stderr
		in, _ := child.StdinPipe()
		_ = child.Start()
		_, _ = io.WriteString(in, "{}\n")
		fmt.Println(open48)
		time.Sleep(time.Hour)
	default:
		if play { // what the role says is about the recording
			before = open48 + "\n" + noEcho
		}
		fmt.Println(before)
	}
	os.Exit(0)
}
