//go:build linux

package main

// fifo is a queue in a ring that grows by doubling.
type fifo[T any] struct {
	ring        []T
	first, size int
}

func (f *fifo[T]) len() int { return f.size }

// head is the oldest element; the queue must not be empty.
func (f *fifo[T]) head() *T { return &f.ring[f.first] }

func (f *fifo[T]) push(v T) {
	if f.size == len(f.ring) {
		bigger := make([]T, max(64, 2*len(f.ring)))
		n := copy(bigger, f.ring[f.first:])
		copy(bigger[n:], f.ring[:f.first])
		f.ring, f.first = bigger, 0
	}
	f.ring[(f.first+f.size)&(len(f.ring)-1)] = v
	f.size++
}

func (f *fifo[T]) pop() T {
	var zero T
	v := f.ring[f.first]
	f.ring[f.first] = zero
	f.first = (f.first + 1) & (len(f.ring) - 1)
	f.size--
	return v
}
