//go:build !darwin

package audio

// zerosMayBeBlocked: other systems refuse to open the microphone instead.
const zerosMayBeBlocked = false
