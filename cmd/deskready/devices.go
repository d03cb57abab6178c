package main

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"deskready/checks"
	"deskready/checks/all"
	"deskready/checks/audio"
	"deskready/checks/words"
	"deskready/report"
)

// devicesList is what deskready devices prints as JSON.
type devicesList struct {
	Version int            `json:"version"`
	Inputs  []audio.Device `json:"inputs"`
	Outputs []audio.Device `json:"outputs"`
	Cameras []camera       `json:"cameras"`
}

// A camera is one that this system lists.
type camera struct {
	Name string `json:"name"`
	USB  string `json:"usb,omitzero"` // vendor and product
}

func (w *world) devicesCommand() *cobra.Command {
	var format, lang string
	cmd := &cobra.Command{
		Use: "devices", Short: "List microphones, sound outputs and cameras", Args: cobra.NoArgs,
		Long: `Lists the microphones, sound outputs and cameras of this computer, and marks those that programs get when they do not
choose. Nothing is opened, recorded or kept, and nothing else is read. Cameras are listed on Linux alone.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return usage("formats are text, json", "--format %s: there is no such format", format)
			}
			b, err := w.book(lang, w.list(all.Options{}))
			if err != nil {
				return err
			}
			return w.devices(cmd.Context(), b, format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "what standard output gets: json, text")
	cmd.Flags().StringVar(&lang, "lang", "", "language, such as en or es")
	return cmd
}

func (w *world) devices(ctx context.Context, b words.Book, format string) error {
	found, err := w.soundDevices(ctx, b)
	if err != nil {
		return err
	}
	list := devicesList{Version: report.Version, Inputs: withoutIDs(found.Inputs), Outputs: withoutIDs(found.Outputs),
		Cameras: cameras(os.DirFS("/sys/class/video4linux"))}
	if format == "json" {
		w.writeJSON(list)
		return nil
	}
	list.print(w, b)
	return nil
}

// soundDevices lists what there is to hear and to speak with.
func (w *world) soundDevices(ctx context.Context, b words.Book) (*audio.Devices, error) {
	found, p := audio.List(ctx, audio.Options{Child: w.soundChild, Env: w.env})
	if p != nil {
		return nil, &fault{exit: exitUnreadable, code: p.Code, what: "listing the sound devices: " + p.Error(), hint: b.Text("problem." + p.Code)}
	}
	return found, nil
}

// withoutIDs leaves out what only the sound system knows: in it may be the address of a Bluetooth headset.
func withoutIDs(list []audio.Device) []audio.Device {
	out := slices.Clone(list)
	for i := range out {
		out[i].ID = ""
	}
	return append([]audio.Device{}, out...) // never null
}

func (l devicesList) print(w *world, b words.Book) {
	row := func(mark, name, facts string) {
		fmt.Fprintln(w.stdout, strings.TrimRight(fmt.Sprintf("  %1s %-32s  %s", mark, name, facts), " "))
	}
	part := func(key string, n int) {
		fmt.Fprintln(w.stdout, b.Text("cmd.devices."+key))
		if n == 0 {
			row("", b.Text("cmd.devices.none"), "")
		}
	}
	for _, kind := range []struct {
		key  string
		list []audio.Device
	}{{"inputs", l.Inputs}, {"outputs", l.Outputs}} {
		part(kind.key, len(kind.list))
		for _, d := range kind.list {
			mark := ""
			if d.Default {
				mark = "*"
			}
			row(mark, cmp.Or(d.Name, "?"), deviceFacts(d, b))
		}
	}
	if len(l.Cameras) > 0 {
		part("cameras", len(l.Cameras))
	}
	for _, c := range l.Cameras {
		row("", c.Name, c.USB)
	}
	fmt.Fprintln(w.stdout, "\n"+b.Text("cmd.devices.default"))
}

// deviceFacts is what is known of a device, in a few words.
func deviceFacts(d audio.Device, b words.Book) string {
	var facts []string
	say := func(key string, pairs ...string) { facts = append(facts, b.Text("cmd.devices."+key, pairs...)) }
	if d.Connection != "" {
		facts = append(facts, b.Text("audio.connection."+d.Connection))
	}
	if d.Headset != "" {
		say("headset_" + d.Headset + "_" + cmp.Or(d.Told, "name"))
	}
	if d.Calls {
		say("calls")
	}
	if d.Muted {
		say("muted")
	}
	if d.Volume != nil {
		say("volume", "percent", strconv.Itoa(int(100**d.Volume+0.5)))
	}
	if d.Rate > 0 {
		facts = append(facts, strconv.Itoa(d.Rate)+" Hz")
	}
	if d.USB != "" {
		facts = append(facts, d.USB)
	}
	return strings.Join(facts, ", ")
}

const maxCameras = 32

// cameras reads Linux's list of them; on other systems there is none to read. A camera has several entries: the first
// one gives pictures, the others say things about them.
func cameras(sys fs.FS) []camera {
	list := []camera{}
	entries, err := fs.ReadDir(sys, ".")
	if err != nil {
		return list
	}
	read := func(name string) string {
		data, err := fs.ReadFile(sys, name)
		if err != nil {
			return ""
		}
		return checks.Clean(string(data[:min(len(data), 1000)]), 100)
	}
	for _, e := range entries {
		name, index := read(path.Join(e.Name(), "name")), read(path.Join(e.Name(), "index"))
		if name == "" || index != "0" || len(list) == maxCameras {
			continue
		}
		list = append(list, camera{Name: name, USB: modelOf(read(path.Join(e.Name(), "device", "modalias")))})
	}
	return list
}

// modelOf reads vendor and product out of a modalias of the kernel: "usb:v046Dp082Dd0011...".
func modelOf(modalias string) string {
	rest, ok := strings.CutPrefix(modalias, "usb:v")
	if !ok || len(rest) < 9 || rest[4] != 'p' {
		return ""
	}
	return strings.ToLower(rest[:4] + ":" + rest[5:9])
}

// chooseDevice finds the microphone that was named before anything is measured, and after the person has agreed that
// devices are read.
func (j *journey) chooseDevice(ctx context.Context) error {
	switch {
	case j.device == "" || j.refused["audio"]:
		return nil
	case j.leftOut["audio"]:
		return usage("leave out --device, or do not leave out audio", "--device names a microphone, and this run does not listen to one")
	}
	found, err := j.soundDevices(ctx, j.book)
	if err != nil {
		return err
	}
	if found.Input(j.device) != nil {
		return nil
	}
	var names []string
	for _, d := range found.Inputs {
		names = append(names, d.Name)
	}
	hint := "microphones are: " + strings.Join(names, ", ")
	if len(names) == 0 {
		hint = "there is no microphone now: plug in the headset, and wait 10 seconds"
	}
	return usage(hint, "--device %s: there is no microphone of that name, or more than one", checks.Clean(j.device, 100))
}
