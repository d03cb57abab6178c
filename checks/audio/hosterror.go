package audio

import "deskready/checks"

// hostFault names what the system under PortAudio said, by its number: the texts are whatever was said last.
func hostFault(code int32, host string) *checks.Problem {
	switch uint32(code) {
	case 0x80070005: // Windows: E_ACCESSDENIED
		return faultOf(codeBlocked, "access denied")
	case 0x8889000a, // AUDCLNT_E_DEVICE_IN_USE
		0x88890012: // AUDCLNT_E_EXCLUSIVE_MODE_ONLY: another program holds it alone
		return faultOf(codeInUse, host)
	case 0x88890004: // AUDCLNT_E_DEVICE_INVALIDATED
		return faultOf(codeUnplugged, host)
	case 0x88890010: // AUDCLNT_E_SERVICE_NOT_RUNNING
		return faultOf(codeNoServer, host)
	case '!'<<24 | 'h'<<16 | 'o'<<8 | 'g': // macOS: kAudioDevicePermissionsError, held alone by another program
		return faultOf(codeInUse, host)
	case '!'<<24 | 'd'<<16 | 'e'<<8 | 'v', '!'<<24 | 'o'<<16 | 'b'<<8 | 'j': // kAudioHardwareBadDeviceError, ...BadObjectError
		return faultOf(codeUnplugged, host)
	}
	switch -code { // Linux: ALSA answers with errno
	case 13, 1: // EACCES, EPERM
		return faultOf(codeBlocked, "no right to the sound device")
	case 16: // EBUSY
		return faultOf(codeInUse, host)
	case 19: // ENODEV
		return faultOf(codeUnplugged, host)
	}
	return faultOf(codeNotOpened, host)
}
