// Package call measures what a call would be like: a real WebRTC call of fifty small packets a second each way between the hire
// and the office, counted at both ends.
package call
