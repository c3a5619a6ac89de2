// Package verdict has functions, and what is said of who reaches them.
package verdict

import (
	"net/http"

	"github.com/secureflows/secureflows-go/middleware"
)

func behind(http.ResponseWriter, *http.Request) { helper() } // want `behind: behind, 1 for it, 1 reach it`

func open(http.ResponseWriter, *http.Request) {} // want `open: open, 1 for it, 1 reach it`

func both(http.ResponseWriter, *http.Request) { helper() } // want `both: open, 2 for it, 2 reach it`

func optional(http.ResponseWriter, *http.Request) {} // want `optional: open, 1 for it, 1 reach it`

func opaqueFirst(http.ResponseWriter, *http.Request) {} // want `opaqueFirst: unknown, 2 for it, 2 reach it`

func guardedFirst(http.ResponseWriter, *http.Request) {} // want `guardedFirst: unknown, 2 for it, 2 reach it`

func opaqueAndOpen(http.ResponseWriter, *http.Request) {} // want `opaqueAndOpen: open, 2 for it, 2 reach it`

func nowhere() { deep() } // want `nowhere: unknown, 0 for it, 0 reach it`

func helper() { deep() } // want `helper: open, 0 for it, 3 reach it`

func deep() {} // want `deep: open, 0 for it, 3 reach it`

func fresh(http.ResponseWriter, *http.Request) { // want `fresh: behind, 1 for it, 1 reach it`
	run := func() { inner() }
	run()
}

func inner() {} // want `inner: behind, 0 for it, 1 reach it`

func adapted(http.ResponseWriter, *http.Request) error { return nil } // want `adapted: open, 1 for it, 1 reach it`

func adaptedBehind(http.ResponseWriter, *http.Request) error { return nil } // want `adaptedBehind: behind, 1 for it, 1 reach it`

func adapt(handle func(http.ResponseWriter, *http.Request) error) http.HandlerFunc { // want `adapt: unknown, 0 for it, 0 reach it`
	return func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			http.Error(w, "failed", http.StatusInternalServerError)
		}
	}
}

func ranged(http.ResponseWriter, *http.Request) {} // want `ranged: open, 1 for it, 1 reach it`

func routes(mux *http.ServeMux, bearer *middleware.Bearer, unknown func(http.Handler) http.Handler) { // want `routes: unknown, 0 for it, 0 reach it`
	mux.Handle("/behind", bearer.Require(http.HandlerFunc(behind)))
	mux.HandleFunc("/open", open)
	mux.Handle("/both", bearer.Require(http.HandlerFunc(both)))
	mux.HandleFunc("/both/open", both)
	mux.Handle("/optional", bearer.Optional(http.HandlerFunc(optional)))
	mux.Handle("/opaque/first", unknown(http.HandlerFunc(opaqueFirst)))
	mux.Handle("/opaque/then", bearer.Require(http.HandlerFunc(opaqueFirst)))
	mux.Handle("/guarded/first", bearer.Require(http.HandlerFunc(guardedFirst)))
	mux.Handle("/guarded/then", unknown(http.HandlerFunc(guardedFirst)))
	mux.Handle("/opaque", unknown(http.HandlerFunc(opaqueAndOpen)))
	mux.HandleFunc("/open/too", opaqueAndOpen)
	mux.Handle("/adapted", adapt(adapted))
	mux.Handle("/adapted/behind", bearer.Require(adapt(adaptedBehind)))
	for path, handler := range map[string]http.HandlerFunc{"/ranged": ranged} {
		mux.Handle(path, handler)
	}
	mux.Handle("/fresh", bearer.RequireFresh(0)(http.HandlerFunc(fresh)))
}
