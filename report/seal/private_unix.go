//go:build unix

package seal

import (
	"errors"
	"io/fs"
)

func private(info fs.FileInfo) error {
	if info.Mode().Perm()&0o077 != 0 {
		return errors.New("others on this computer can read this key")
	}
	return nil
}
