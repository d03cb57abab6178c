package system

import (
	"os"
	"testing"
)

// TestRedirection points the library's settings at an empty folder: the figures must be this computer's all the same.
func TestRedirection(t *testing.T) {
	for _, name := range []string{"HOST_PROC", "HOST_SYS", "HOST_ETC", "HOST_ROOT"} {
		t.Setenv(name, t.TempDir())
	}
	if _, err := os.Stat(os.Getenv("HOST_PROC") + "/meminfo"); err == nil {
		t.Fatal("the folder is not empty")
	}
	m := thisMachine()
	if got, err := m.memory(t.Context()); err != nil || got.total == 0 {
		t.Errorf("memory %+v, %v", got, err)
	}
	if got, err := m.times(t.Context()); err != nil || got.all == 0 {
		t.Errorf("times %+v, %v", got, err)
	}
	if got, err := m.cores(t.Context()); err != nil || got == 0 {
		t.Errorf("cores %d, %v", got, err)
	}
}
