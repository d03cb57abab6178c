package audio

// zerosMayBeBlocked: macOS gives a program without permission nothing but zeros, and no error. That says nothing of the
// microphone.
const zerosMayBeBlocked = true
