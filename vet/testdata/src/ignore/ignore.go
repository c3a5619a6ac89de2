// Package ignore has comments that ignore findings, and some that do not.
package ignore

import (
	"log"

	"github.com/secureflows/secureflows-go"
)

func ignored(token secureflows.Token) {
	//secureflows:ignore tokenleak a demonstration
	log.Println(token.Reveal())
	log.Println(token.Reveal()) //secureflows:ignore tokenleak another
}

func withoutReason(token secureflows.Token) {
	//secureflows:ignore tokenleak // want `say why`
	log.Println(token.Reveal()) // want `reaches a log`
}

func unknownRule() {
	//secureflows:ignore tokenleek a slip of the pen // want `no rule tokenleek`
}

func nothingToIgnore() {
	//secureflows:ignore tokenleak it was here once // want `nothing to ignore`
}

func noRule() {
	//secureflows:ignore // want `name the rule`
}
