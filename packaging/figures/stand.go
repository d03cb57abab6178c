package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"deskready/checks/lab/access"
)

// A bench is the programs that trials need.
type bench struct {
	settings
	folder string // of the programs that were built
	peers  error  // why the peers could not be built
}

// prepare builds what the trials need. Peers that do not build, for want of a network, cost their rows alone.
func prepare(ctx context.Context, s settings, todo []trial) (*bench, error) {
	if os.Getuid() != 0 {
		return nil, errors.New("run it as root: it makes network namespaces and counts what processes use")
	}
	if len(todo) == 0 {
		return &bench{settings: s}, nil
	}
	folder, err := filepath.Abs(filepath.Join(s.out, "programs"))
	if err != nil {
		return nil, err
	}
	if s.program, err = filepath.Abs(s.program); err != nil {
		return nil, err
	}
	b := &bench{settings: s, folder: folder}
	if err := build(ctx, ".", folder, "./checks/lab/netlab"); err != nil {
		return nil, err
	}
	for _, t := range todo {
		if t.tool.built {
			b.peers = build(ctx, "packaging/figures/peers", folder, ".", "github.com/librespeed/speedtest-cli",
				"github.com/m-lab/ndt7-client-go/cmd/ndt7-client", "github.com/m-lab/ndt-server")
			break
		}
	}
	return b, nil
}

func build(ctx context.Context, module, to string, programs ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-o", to + "/"}, programs...)...)
	cmd.Dir = module
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return nil
}

func (b *bench) built(program string) string { return filepath.Join(b.folder, program) }

// A stand is one laid line with a trial on it.
type stand struct {
	*bench
	hire, office access.Host
	folder       string // for what the trial leaves
	row          *row
	servers      []*exec.Cmd
}

// row lays a line, tries, and takes the line away.
func (b *bench) row(ctx context.Context, t trial) row {
	r := row{Line: t.line.name, Tool: t.tool.name, Repeat: t.repeat}
	if err := b.trial(ctx, t, &r); err != nil {
		r.Error = err.Error()
	}
	return r
}

func (b *bench) trial(ctx context.Context, t trial, r *row) error {
	if t.tool.built && b.peers != nil {
		return b.peers
	}
	r.Others = quiet(ctx, b.busy, b.patience)
	r.Load = load()
	folder, err := os.MkdirTemp("", "figures")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	t.line.Seed = uint64(t.repeat) // other luck each time, the same for all tools
	n, err := access.Lay(b.built("netlab"), filepath.Join(folder, "truth.json"), t.line.Line)
	if err != nil {
		return err
	}
	s := &stand{bench: b, hire: n.Hire, office: n.Office, folder: folder, row: r}
	if t.line.loopback {
		s.office = n.Hire
	}
	ctx, cancel := context.WithTimeout(ctx, 3*t.tool.takes+30*time.Second)
	defer cancel()
	before := processors()
	r.Began = time.Now().UTC().Truncate(time.Second)
	err = t.tool.run(ctx, s)
	r.Stolen = before.until(processors()).stolen
	truth, lost := n.Now() // before the servers end, which may cost packets that no tool asked for
	s.end()
	_, left := n.Close()
	r.Down, r.Up = traffic{truth.Down.Counts, truth.Down.UDP, truth.Down.RTP}, traffic{truth.Up.Counts, truth.Up.UDP, truth.Up.RTP}
	r.LateMS = max(truth.Down.LateP99US, truth.Up.LateP99US) / 1e3
	return errors.Join(err, lost, left)
}

// serve starts a server at the office and waits until it listens on TCP.
func (s *stand) serve(ctx context.Context, port int, name string, args ...string) (*exec.Cmd, error) {
	said, err := os.CreateTemp(s.folder, "server")
	if err != nil {
		return nil, err
	}
	defer said.Close() // the server has it too
	cmd := s.office.Command(ctx, name, args...)
	cmd.Dir, cmd.Env = s.folder, s.environment()
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s.servers = append(s.servers, cmd)
	for range 200 {
		if listens(cmd.Process.Pid, port) {
			return cmd, nil
		}
		if ended(cmd.Process.Pid) {
			break
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return nil, err
		}
	}
	why, _ := os.ReadFile(said.Name())
	return nil, fmt.Errorf("%s does not listen on %d: %s", filepath.Base(name), port, tail(string(why)))
}

// environment keeps what a program keeps of people within the trial.
func (s *stand) environment() []string {
	return append(os.Environ(), "HOME="+s.folder, "DESKREADY_CONFIG="+filepath.Join(s.folder, "config"),
		"DESKREADY_STATE="+filepath.Join(s.folder, "state"), "LANG=C")
}

// end stops the servers, if need be by force.
func (s *stand) end() {
	for _, cmd := range s.servers {
		_ = cmd.Cancel() // it may have ended by itself
		force := time.AfterFunc(2*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		force.Stop()
	}
}

// client runs a program at the hire's, counts what it takes, and answers what it printed. Only exit codes that are in
// fine are no error.
func (s *stand) client(ctx context.Context, fine []int, name string, args ...string) ([]byte, error) {
	cmd := s.hire.Command(ctx, name, args...)
	cmd.Dir, cmd.Env = s.folder, s.environment()
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	peak := watch(cmd.Process.Pid)
	err := cmd.Wait()
	s.row.Seconds += time.Since(began).Seconds()
	s.row.Client.RSS = max(s.row.Client.RSS, peak())
	s.row.Client.CPU += (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	for _, code := range fine {
		if cmd.ProcessState.ExitCode() == code {
			err = nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s %s", filepath.Base(name), err, tail(stdout.String()), tail(stderr.String()))
	}
	return []byte(stdout.String()), nil
}

func tail(s string) string { return strings.TrimSpace(s[max(0, len(s)-500):]) }

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
