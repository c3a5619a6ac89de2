package emulator

import "strconv"

// identified finds the session whose token the request carries. Whether that
// token still admits is asked under the session's lock, by admit.
func (e *Emulator) identified(r *request) (*session, claims, *refusal) {
	token, refused := r.bearer()
	if refused != nil {
		return nil, claims{}, refused
	}
	c, ok := e.signer.verify(token, typeSession)
	if !ok {
		return nil, claims{}, errBadSessionToken
	}
	s := e.store.Load().sessions.find(c.Subject)
	if s == nil {
		return nil, claims{}, errSessionNotFound
	}
	r.person, r.session = s.owner, s
	return s, c, nil
}

// withSession answers by run, which holds the session's lock, if the request's
// token admits to the session. The grace lock comes last: under it a wrong
// token is still a wrong token.
func (e *Emulator) withSession(r *request, run func(*session) answer) answer {
	s, c, refused := e.identified(r)
	if refused != nil {
		return refused.answer()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if refused := e.admit(s, c, r.now); refused != nil {
		return refused.answer()
	}
	if e.locked.Load() {
		return errGraceLock.answer()
	}
	s.active = r.now
	return run(s)
}

// GET /api/v1/sessions
func (e *Emulator) readPayload(r *request) answer {
	return e.withSession(r, func(s *session) answer {
		return jsonAnswer(s.payload.appendJSON(nil))
	})
}

// GET /api/v1/sessions/identity
func (e *Emulator) readIdentity(r *request) answer {
	return e.withSession(r, func(s *session) answer {
		body := append([]byte(`{"userId":`), strconv.FormatInt(s.owner.id, 10)...)
		body = append(body, `,"email":`...)
		return jsonAnswer(append(appendJSONString(body, s.owner.email), '}'))
	})
}

// GET /api/v1/sessions/get/{key}
func (e *Emulator) readKey(r *request) answer {
	return e.withSession(r, func(s *session) answer {
		key, refused := r.key()
		if refused != nil {
			return refused.answer()
		}
		value, found := s.payload.get(key)
		if !found {
			return errKeyNotFound.answer()
		}
		body := make([]byte, 0, len(key)+len(value)+32)
		body = appendJSONString(append(body, `{"key":`...), key)
		body = append(append(body, `,"value":`...), value...)
		return jsonAnswer(append(body, '}'))
	})
}

// POST /api/v1/sessions/set/{key}
func (e *Emulator) writeKey(r *request) answer {
	return e.withSession(r, func(s *session) answer {
		key, refused := r.key()
		if refused != nil {
			return refused.answer()
		}
		limit := e.Limits().MaxPayloadBytes
		if r.oversize && limit > 0 {
			return e.payloadTooLarge(limit).answer()
		}
		value, refused := r.json()
		if refused != nil {
			return refused.answer()
		}
		written := newEntry(key, unwrap(value))
		if limit > 0 && s.payload.sizeWith(written) > limit {
			return e.payloadTooLarge(limit).answer()
		}
		s.payload, s.updated = s.payload.set(written), r.now
		return jsonAnswer(s.payload.appendJSON(nil))
	})
}

// unwrap takes the value out of exactly {"value": x}; anything else is the value
// itself.
func unwrap(text []byte) []byte {
	if text[0] != '{' {
		return text
	}
	object, ok := parseObject(text)
	if value, wrapped := object["value"]; ok && wrapped && len(object) == 1 {
		return value
	}
	return text
}

// DELETE /api/v1/sessions/delete/{key}
func (e *Emulator) deleteKey(r *request) answer {
	return e.withSession(r, func(s *session) answer {
		key, refused := r.key()
		if refused != nil {
			return refused.answer()
		}
		var existed bool
		s.payload, existed = s.payload.delete(key)
		if existed {
			s.updated = r.now
		}
		return jsonAnswer(strconv.AppendBool(nil, existed))
	})
}
