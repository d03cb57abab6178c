package audio

import "deskready/checks"

// Codes of what can keep sound from being measured. Those that are a class of audio.diagnosis too bear its name.
const (
	codeNoMicrophone = "no_microphone"    // there is none
	codeNoOutput     = "no_output"        // there is none
	codeNoServer     = "no_server"        // Linux: no sound server, and no device without it
	codeFrozen       = "sound_frozen"     // the sound system does not answer
	codeStalled      = "stalled"          // the microphone opens and gives no samples, or stops giving them
	codeUnplugged    = "unplugged"        // it went away meanwhile
	codeSilent       = "silent"           // it gives nothing but zeros
	codeBlocked      = "sound_blocked"    // the system keeps the microphone from this program
	codeInUse        = "sound_in_use"     // another program holds it alone
	codeNotOpened    = "sound_not_opened" // it cannot be opened, for a reason the system does not tell
	codeFailed       = "sound_failed"     // the child broke
	codeNoSpeech     = "no_speech"        // somebody was asked to speak, and no voice was heard
	codeNobodyAsked  = "nobody_asked"     // no voice was heard, and nobody was asked to speak
	codeWrongDefault = "wrong_default"    // the default input is no microphone
	codeSpeakers     = "speakers"         // what is played comes back in the microphone: only a class
	codeNotKnown     = "device_not_known" // the device does not say what it is
	codeNoise        = "noise_hides"      // too much noise to tell
	codeCannotSpeak  = "cannot_speak"     // the person said so
	codeCannotHear   = "cannot_hear"      // the person said so
	codeNotPlayed    = "not_played"       // the output took no sound
	codeNoListener   = "nobody_listened"  // nobody was there to say what was heard
	codeNoEcho       = "no_echo"          // nothing came back, so that there is nothing to measure of it
	codeEchoUnproved = "echo_unproved"    // nothing came back, and nobody heard that anything was played
	codeSpokeEarly   = "spoke_early"      // something as loud as a voice was heard while it should be quiet
	codeTooShort     = "sound_too_short"  // too little sound came to tell
)

// faultOf makes a problem of a code that a child said: a code that is none of its own is a fault of the child.
func faultOf(code, detail string) *checks.Problem {
	p := &checks.Problem{Code: code, Detail: checks.Clean(detail, 200), Side: checks.SideHire}
	switch code {
	case codeNoMicrophone, codeNoOutput, codeNoServer, codeFrozen, codeStalled, codeUnplugged, codeSilent, codeBlocked, codeInUse,
		codeNotOpened, codeNoSpeech, codeWrongDefault, codeCannotSpeak, codeCannotHear, codeNotPlayed, codeSpokeEarly, checks.CodeDenied:
	case codeNobodyAsked, codeNotKnown, codeNoise, codeNoListener, codeNoEcho, codeEchoUnproved, codeTooShort, checks.CodeUnsupported:
		p.Side = checks.SideUnknown
	case checks.CodeTimeout:
		p.Side = checks.SideTool // the child itself was too slow: of the sound system nothing is known
	default:
		p.Code, p.Side = codeFailed, checks.SideTool
	}
	return p
}

func missing(code string) *checks.Problem { return faultOf(code, "") }
