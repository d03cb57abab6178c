//go:build !linux

package office

import (
	"errors"
	"net"
)

const facingSpace = 1

// askFacing is for servers, and those run Linux: elsewhere listen on one address.
func askFacing(*net.UDPConn) error { return errors.ErrUnsupported }

func facing([]byte) []byte { return nil }
