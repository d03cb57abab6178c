package system

import (
	"context"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

// ticks is how many parts of a second the times of processes are counted in (proc_pid_stat(5): USER_HZ, 100 on every
// system that Go runs on).
const ticks = 100

// linuxProcesses reads what runs, but this program: no command lines, as those hold names and secrets.
func linuxProcesses(ctx context.Context, fsys fs.FS, self, pageSize int) ([]process, error) {
	entries, err := fs.ReadDir(fsys, "proc")
	if err != nil {
		return nil, err
	}
	var list []process
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == self {
			continue
		}
		data, err := read(fsys, path.Join("proc", e.Name(), "stat"))
		if err != nil {
			continue // it ended
		}
		p, ok := parseStat(string(data), uint64(pageSize))
		if !ok {
			continue
		}
		// The name is cut after 15 bytes; the program's file has it whole, where the process is the hire's own.
		if file, err := fs.ReadLink(fsys, path.Join("proc", e.Name(), "exe")); err == nil {
			p.names = append([]string{strings.TrimSuffix(path.Base(file), " (deleted)")}, p.names...)
		}
		list = append(list, p)
	}
	return list, nil
}

// kernelThread is the flag of what belongs to the kernel (PF_KTHREAD in include/linux/sched.h).
const kernelThread = 0x00200000

// parseStat reads /proc/PID/stat (proc_pid_stat(5)). The name stands in parentheses and may hold any byte.
func parseStat(line string, pageSize uint64) (process, bool) {
	open, end := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 0 || end < open {
		return process{}, false
	}
	fields := strings.Fields(line[end+1:]) // from the third on
	const flags, user, system, start, resident = 9 - 3, 14 - 3, 15 - 3, 22 - 3, 24 - 3
	if len(fields) <= resident {
		return process{}, false
	}
	values := map[int]uint64{}
	for _, at := range []int{flags, user, system, start, resident} {
		n, err := strconv.ParseUint(fields[at], 10, 62)
		if err != nil {
			return process{}, false
		}
		values[at] = n
	}
	spent := values[user] + values[system]
	if values[flags]&kernelThread != 0 || spent > 1<<40 || values[resident] > 1<<40 {
		return process{}, false
	}
	return process{
		id:     strings.TrimSpace(line[:open]) + "/" + fields[start],
		names:  []string{line[open+1 : end]},
		cpu:    time.Duration(spent) * time.Second / ticks,
		memory: values[resident] * pageSize,
	}, true
}
