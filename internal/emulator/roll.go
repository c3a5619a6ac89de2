package emulator

import "container/heap"

// roll counts the active sessions of a workspace without looking at each of
// them: those that end are queued by when they do. The tenant's lock guards it
// and the fields counted and queued of the tenant's sessions.
type roll struct {
	count   int
	endings endings
}

// ending is when a session was due to end at the time of queueing. It may have
// been given longer since, which shows when its turn comes; so a session that
// is renewed for ever still takes one place.
type ending struct {
	at      instant
	session *session
}

// enter counts the session in, which has just been opened, renewed or given
// another life.
func (r *roll) enter(s *session) {
	if !s.counted {
		s.counted = true
		r.count++
	}
	if s.expires != never && (s.queued == never || s.expires < s.queued) {
		s.queued = s.expires
		heap.Push(&r.endings, ending{s.expires, s})
	}
}

func (r *roll) leave(s *session) {
	if s.counted {
		s.counted = false
		r.count--
	}
}

// active is the number of sessions that have not ended by now.
func (r *roll) active(now instant) int {
	for len(r.endings) > 0 && r.endings[0].at.reached(now) {
		due := heap.Pop(&r.endings).(ending)
		s := due.session
		if s.queued != due.at {
			continue // a later ending, queued before the session's life was cut
		}
		s.queued = never
		if s.expires.reached(now) {
			r.leave(s)
		} else if s.counted {
			r.enter(s)
		}
	}
	return r.count
}

// endings is a heap, soonest first.
type endings []ending

func (e endings) Len() int           { return len(e) }
func (e endings) Less(i, j int) bool { return e[i].at < e[j].at }
func (e endings) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *endings) Push(x any)        { *e = append(*e, x.(ending)) }

func (e *endings) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	(*e)[last] = ending{} // let go of the session
	*e = (*e)[:last]
	return x
}
