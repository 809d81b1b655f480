package memqueue

import "container/heap"

// items is a heap. Items that were settled elsewhere are skipped by peek.
type items struct {
	list []*item
	less func(a, b *item) bool
}

func bySeq(a, b *item) bool { return a.seq < b.seq }

func byDue(a, b *item) bool {
	return a.due.Before(b.due) || (a.due.Equal(b.due) && a.seq < b.seq)
}

// peek returns the first item that is not settled, or nil.
func (h *items) peek() *item {
	for len(h.list) > 0 && h.list[0].state == settled {
		heap.Pop(h)
	}
	if len(h.list) == 0 {
		return nil
	}
	return h.list[0]
}

func (h *items) Len() int           { return len(h.list) }
func (h *items) Less(i, j int) bool { return h.less(h.list[i], h.list[j]) }
func (h *items) Swap(i, j int)      { h.list[i], h.list[j] = h.list[j], h.list[i] }
func (h *items) Push(x any)         { h.list = append(h.list, x.(*item)) }

func (h *items) Pop() any {
	last := len(h.list) - 1
	it := h.list[last]
	h.list[last] = nil
	h.list = h.list[:last]
	return it
}
