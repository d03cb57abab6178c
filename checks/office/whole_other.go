//go:build !linux && !darwin && !windows

package office

import "errors"

// wholeOption is not known here.
func wholeOption(uintptr, bool) error { return errors.ErrUnsupported }
