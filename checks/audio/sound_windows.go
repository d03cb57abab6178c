package audio

import (
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"deskready/checks"
)

// systemSound asks Windows itself for devices: PortAudio knows names and rates alone.
type systemSound struct{ Sound }

// newSound is the sound of this system.
func newSound(r request) Sound { return systemSound{newPortSound(r.Device)} }

const mmDevices = `SOFTWARE\Microsoft\Windows\CurrentVersion\MMDevices\Audio\`

func (s systemSound) Devices() (Devices, error) {
	d := Devices{Named: true}
	if err := withCore(func(c core) {
		d.Inputs, d.Outputs = c.list("Capture", flowCapture), c.list("Render", flowRender)
	}); err != nil {
		return s.Sound.Devices()
	}
	return d, nil
}

func (s systemSound) Record(rate int, seconds float64, began func(*recording)) error {
	if p := permitted(); p != nil {
		return p
	}
	return s.Sound.Record(rate, seconds, began)
}

func (s systemSound) Play(rate, output, n int, began func(*recording, *playing)) error {
	if p := permitted(); p != nil {
		return p
	}
	return s.Sound.Play(rate, output, n, began)
}

// endpoints reads what the registry says of the microphones or of the outputs.
func endpoints(path string) (list []endpoint) {
	root, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.ENUMERATE_SUB_KEYS|registry.WOW64_64KEY)
	if err != nil {
		return nil
	}
	defer root.Close()
	names, _ := root.ReadSubKeyNames(10 * maxDevices) // an error: fewer than asked for
	for _, name := range names {
		if e, ok := readEndpoint(path+`\`+name, name); ok {
			list = append(list, e)
		}
	}
	return list
}

func readEndpoint(path, id string) (endpoint, bool) {
	e := endpoint{ID: strings.ToLower(id), Texts: map[string]string{}}
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return e, false
	}
	defer key.Close()
	state, _, err := key.GetIntegerValue("DeviceState")
	e.Active = err == nil && state == 1 // DEVICE_STATE_ACTIVE
	properties, err := registry.OpenKey(registry.LOCAL_MACHINE, path+`\Properties`, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return e, false
	}
	defer properties.Close()
	for _, name := range []string{keyDescription, keyEnumerator, keyInterface, keyInstance} {
		if text, _, err := properties.GetStringValue(name); err == nil {
			e.Texts[name] = text
		}
	}
	e.Form, _, err = properties.GetIntegerValue(keyFormFactor)
	e.Formed = err == nil
	return e, true
}

// permitted asks the privacy settings before the microphone is opened: what Windows says then can mean many things.
func permitted() *checks.Problem {
	const path = `SOFTWARE\Microsoft\Windows\CurrentVersion\CapabilityAccessManager\ConsentStore\microphone`
	read := func(root registry.Key, path string) string {
		key, err := registry.OpenKey(root, path, registry.QUERY_VALUE|registry.WOW64_64KEY)
		if err != nil {
			return ""
		}
		defer key.Close()
		text, _, _ := key.GetStringValue("Value") // empty: it says nothing
		return text
	}
	c := consent{computer: read(registry.LOCAL_MACHINE, path), user: read(registry.CURRENT_USER, path),
		desktop: read(registry.CURRENT_USER, path+`\NonPackaged`)}
	if c.denied() {
		return faultOf(codeBlocked, "the privacy settings of Windows say no")
	}
	return nil
}

// core is the Core Audio interface of Windows: an IMMDeviceEnumerator.
type core struct{ object }

// object is a COM object: a pointer to the table of its functions.
type object struct{ p unsafe.Pointer }

// call calls the n-th function of an object's table.
func (o object) call(n int, args ...uintptr) (failed bool) {
	table := *(**[32]uintptr)(o.p)
	result, _, _ := syscall.SyscallN(table[n], append([]uintptr{uintptr(o.p)}, args...)...)
	return int32(result) < 0
}

const release = 2 // IUnknown

// What is asked of Core Audio, by mmdeviceapi.h and endpointvolume.h.
const (
	flowRender, flowCapture          = 0, 1
	roleMultimedia, roleCalls        = 1, 2
	getDefaultAudioEndpoint, getByID = 4, 5 // of IMMDeviceEnumerator
	activate, getID                  = 3, 5 // of IMMDevice
	getVolume, getMute               = 9, 15
)

// withCore starts COM for this thread, and hands out its device enumerator.
func withCore(use func(core)) error {
	enumerator := windows.GUID{Data1: 0xbcde0395, Data2: 0xe52f, Data3: 0x467c, Data4: [8]byte{0x8e, 0x3d, 0xc4, 0x57, 0x92, 0x91, 0x69, 0x2e}}
	wanted := windows.GUID{Data1: 0xa95664d2, Data2: 0x9614, Data3: 0x4f35, Data4: [8]byte{0xa7, 0x46, 0xde, 0x8d, 0xb6, 0x36, 0x17, 0xe6}}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := windows.CoInitializeEx(0, windows.COINIT_MULTITHREADED); err != nil && err != syscall.Errno(1) { // S_FALSE: it was
		return err
	}
	defer windows.CoUninitialize()
	var c core
	create := windows.NewLazySystemDLL("ole32.dll").NewProc("CoCreateInstance")
	const everywhere = 0x17 // CLSCTX_ALL
	result, _, _ := create.Call(uintptr(unsafe.Pointer(&enumerator)), 0, everywhere, uintptr(unsafe.Pointer(&wanted)), uintptr(unsafe.Pointer(&c.p)))
	if int32(result) < 0 || c.p == nil {
		return syscall.Errno(result)
	}
	defer c.call(release)
	use(c)
	return nil
}

// list is what the registry says of the devices, and what only Core Audio knows: which are the defaults, how loud, and
// whether muted. Core Audio is asked first: that is when Wine writes its registry.
func (c core) list(kind string, flow uintptr) (list []Device) {
	usual, calls := c.defaultID(flow, roleMultimedia), c.defaultID(flow, roleCalls)
	prefix := map[uintptr]string{flowRender: "{0.0.0.00000000}.", flowCapture: "{0.0.1.00000000}."}[flow]
	for _, e := range endpoints(mmDevices + kind) {
		d, id := e.device(), prefix+e.ID
		if !e.Active || loopNames.MatchString(d.Name) {
			continue
		}
		d.Default, d.Calls = strings.EqualFold(id, usual), strings.EqualFold(id, calls)
		d.Volume, d.Muted = c.volume(id)
		list = append(list, d)
	}
	return list
}

func (c core) defaultID(flow, role uintptr) string {
	var device object
	if c.call(getDefaultAudioEndpoint, flow, role, uintptr(unsafe.Pointer(&device.p))) || device.p == nil {
		return ""
	}
	defer device.call(release)
	var text *uint16
	if device.call(getID, uintptr(unsafe.Pointer(&text))) || text == nil {
		return ""
	}
	defer windows.CoTaskMemFree(unsafe.Pointer(text))
	return windows.UTF16PtrToString(text)
}

func (c core) volume(id string) (share *float64, muted bool) {
	name, err := windows.UTF16PtrFromString(id)
	if err != nil {
		return nil, false
	}
	var device, control object
	if c.call(getByID, uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&device.p))) || device.p == nil {
		return nil, false
	}
	defer device.call(release)
	wanted := windows.GUID{Data1: 0x5cdf2c82, Data2: 0x841e, Data3: 0x4546, Data4: [8]byte{0x97, 0x22, 0x0c, 0xf7, 0x40, 0x78, 0x22, 0x9a}}
	const everywhere = 0x17
	if device.call(activate, uintptr(unsafe.Pointer(&wanted)), everywhere, 0, uintptr(unsafe.Pointer(&control.p))) || control.p == nil {
		return nil, false
	}
	defer control.call(release)
	var level float32
	var mute int32
	if !control.call(getVolume, uintptr(unsafe.Pointer(&level))) {
		v := float64(level)
		share = &v
	}
	return share, !control.call(getMute, uintptr(unsafe.Pointer(&mute))) && mute != 0
}
