package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// logger writes what linkerd2-proxy's plain format looks like: uptime, level, thread, target, message
// (linkerd.md §3.3 LOG_FORMAT). Logs go to stdout, panics and fatal messages to stderr.
type logger struct {
	mu     sync.Mutex
	out    io.Writer
	errOut io.Writer
	start  time.Time
	json   bool
	off    bool
}

// The two threads of the real proxy: the data plane, and the "admin" thread that runs the identity task.
const (
	threadMain  = 1
	threadAdmin = 2
)

func newLogger(out, errOut io.Writer, env map[string]string) *logger {
	return &logger{
		out:    out,
		errOut: errOut,
		start:  time.Now(),
		json:   strings.EqualFold(strings.TrimSpace(env[prefix+"LOG_FORMAT"]), "json"),
		off:    strings.EqualFold(strings.TrimSpace(env[prefix+"LOG"]), "off"),
	}
}

func (l *logger) infof(target, format string, args ...any) {
	l.write("INFO", threadMain, target, fmt.Sprintf(format, args...))
}

func (l *logger) warnf(target, format string, args ...any) {
	l.write("WARN", threadMain, target, fmt.Sprintf(format, args...))
}

func (l *logger) errorf(target, format string, args ...any) {
	l.write("ERROR", threadMain, target, fmt.Sprintf(format, args...))
}

func (l *logger) write(level string, thread int, target, message string) {
	if l.off {
		return
	}
	line := l.plainLine(level, thread, target, message)
	if l.json {
		line = jsonLine(level, thread, target, message)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = io.WriteString(l.out, line)
}

func (l *logger) plainLine(level string, thread int, target, message string) string {
	up := time.Since(l.start)
	return fmt.Sprintf("[%6d.%06ds] %5s ThreadId(%02d) %s: %s\n",
		int64(up/time.Second), int64(up%time.Second/time.Microsecond), level, thread, target, message)
}

func jsonLine(level string, thread int, target, message string) string {
	line, err := json.Marshal(map[string]any{
		"timestamp": time.Now().UTC().Format(time.RFC3339Nano),
		"level":     level,
		"fields":    map[string]string{"message": message},
		"target":    target,
		"spans":     []any{},
		"threadId":  fmt.Sprintf("ThreadId(%d)", thread),
	})
	if err != nil {
		return err.Error() + "\n"
	}
	return string(line) + "\n"
}

// fatal prints a message that the real proxy prints with eprintln! before it exits.
func (l *logger) fatal(format string, args ...any) {
	l.stderr(fmt.Sprintf(format, args...) + "\n")
}

// panicLine prints what Rust's default panic hook prints. It ends nothing by itself (linkerd.md §3.4, §3.5).
func (l *logger) panicLine(thread, where, message string) {
	l.stderr(fmt.Sprintf("\nthread '%s' panicked at %s:\n%s\n"+
		"note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n", thread, where, message))
}

func (l *logger) stderr(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = io.WriteString(l.errOut, text)
}
