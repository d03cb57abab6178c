package audio

import (
	"os/exec"
	"path/filepath"
)

// serverOf says where the sound server and its cookie are by the environment, as PulseAudio's own client looks for
// them.
func serverOf(env func(string) string) (server string, cookies []string) {
	if env == nil {
		return "", nil
	}
	server = env("PULSE_SERVER")
	if server == "" {
		if dir := env("PULSE_RUNTIME_PATH"); dir != "" {
			server = "unix:" + filepath.Join(dir, "native")
		} else if dir := env("XDG_RUNTIME_DIR"); dir != "" {
			server = "unix:" + filepath.Join(dir, "pulse", "native")
		}
	}
	if c := env("PULSE_COOKIE"); c != "" {
		return server, []string{c}
	}
	if home := env("HOME"); home != "" {
		cookies = []string{filepath.Join(home, ".config", "pulse", "cookie"), filepath.Join(home, ".pulse-cookie")}
	}
	return server, cookies
}

// choose leads a child's recording to a microphone: PortAudio itself only knows a door called "default", and where that
// leads the sound server's own client decides.
func choose(child *exec.Cmd, id string) {
	if id != "" {
		child.Env = append(child.Environ(), "PULSE_SOURCE="+id)
	}
}
