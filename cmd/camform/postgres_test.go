package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"camform/engine/state"
	"camform/engine/state/pgtest"
)

// cmdPostgres makes a database for a state, as the page says, and puts its block in place of "# STATE" in configurations. The
// variables that open it are set, for the role of the applier. The key is one of the tests, or that in a file.
//
//	postgres [-key FILE] FILE...
func (w *world) cmdPostgres(ts *testscript.TestScript, args []string) {
	key := strings.Repeat("0f", 32)
	if args[0] == "-key" {
		key = strings.TrimSpace(ts.ReadFile(args[1]))
		args = args[2:]
	}
	server := pgtest.Shared(w.t)
	database := server.Empty(w.t)
	blocks := statementsOfPage(ts)
	for _, statement := range blocks[0] {
		if role, ok := strings.CutPrefix(statement, "CREATE ROLE "); ok { // roles are those of all databases of a server
			name, _, _ := strings.Cut(role, " ")
			server.Exec(w.t, database, fmt.Sprintf(`DO 'BEGIN IF to_regrole(''%s'') IS NULL THEN %s; END IF; END'`, name, statement),
				fmt.Sprintf(`ALTER ROLE %s PASSWORD '%s'`, name, pgtest.Password))
			continue
		}
		server.Exec(w.t, database, statement)
	}
	block := stateBlock(state.Server{Host: server.Dir, Port: server.Port, Database: database})
	for _, name := range args {
		text := ts.ReadFile(name)
		if !strings.Contains(text, "# STATE") {
			ts.Fatalf("%s has no line # STATE", name)
		}
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(strings.Replace(text, "# STATE", block, 1)), 0o644))
	}
	ts.Setenv("STATE_PASSWORD", pgtest.Password)
	ts.Setenv("STATE_KEY", key)
	ts.Setenv("CAMFORM_STATE_USER", "camform_owner")
	dir, _, _ := strings.Cut(args[0]+"/", "/")
	ts.Check(ts.Exec("sh", "-c", "cd '"+dir+"' && exec camform state list"))
	for _, statement := range blocks[1] {
		server.Exec(w.t, database, statement)
	}
	ts.Setenv("CAMFORM_STATE_USER", "camform_applier")
}

// stateBlock is the block of a configuration that names a server. What opens it is in variables.
func stateBlock(at state.Server) string {
	return fmt.Sprintf("state \"postgres\" {\n    host     = %q\n    port     = %d\n    database = %q\n    password = \"env:STATE_PASSWORD\"\n    key      = \"env:STATE_KEY\"\n  }",
		at.Host, at.Port, at.Database)
}

// stateVariables open the server of the state, where there is one.
func (w *world) stateVariables() map[string]string {
	if w.server == nil {
		return nil
	}
	return map[string]string{"STATE_PASSWORD": w.server.Password.Reveal(), "STATE_KEY": w.server.Key.Reveal(), userVariable: w.server.User}
}

var sqlBlock = regexp.MustCompile("(?s)\n```sql\n(.*?)\n```\n")

// statementsPage is the page with the statements that make a database for a state.
const statementsPage = "examples/team/README.md"

// statementsOfPage are the statements of the blocks of SQL of that page, in their order.
func statementsOfPage(ts *testscript.TestScript) (blocks [][]string) {
	text, err := os.ReadFile(filepath.Join(root, statementsPage))
	ts.Check(err)
	for _, block := range sqlBlock.FindAllStringSubmatch(string(text), -1) {
		var statements []string
		for statement := range strings.SplitSeq(block[1], ";\n") {
			statements = append(statements, strings.TrimSuffix(strings.TrimSpace(statement), ";"))
		}
		blocks = append(blocks, statements)
	}
	return blocks
}
