// PocketBase as it is, but with commits that survive a power cut: every
// connection has synchronous=FULL instead of NORMAL, as Caisson's writer has.
package main

import (
	"log"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase"
	_ "modernc.org/sqlite"
)

func connectDurably(path string) (*dbx.DB, error) {
	return dbx.Open("sqlite", path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)"+
		"&_pragma=journal_size_limit(200000000)&_pragma=synchronous(FULL)"+
		"&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-32000)")
}

func main() {
	app := pocketbase.NewWithConfig(pocketbase.Config{DBConnect: connectDurably})
	if err := app.Start(); err != nil {
		log.Fatal(err)
	}
}
