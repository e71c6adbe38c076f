package auditlog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func export(t testing.TB, log []Entry) string {
	t.Helper()
	var text strings.Builder
	head, err := Export(&text, all(log))
	if err != nil || head != headOf(log) {
		t.Fatalf("head %v, %v", head, err)
	}
	return text.String()
}

func verifyText(t testing.TB, text string, anchors ...Anchor) Findings {
	t.Helper()
	findings, err := VerifyExport(strings.NewReader(text), anchors...)
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

func TestWhatIsExportedCanBeVerified(t *testing.T) {
	for _, n := range []int{0, 1, long} {
		log := chain(t, n, "a < b & \u2028")
		text := export(t, log)
		for _, text := range []string{text, strings.TrimSuffix(text, "\n")} {
			if diff := cmp.Diff(Findings{Head: headOf(log)}, verifyText(t, text, noted(headOf(log[:n/2])))); diff != "" {
				t.Errorf("%d records: %s", n, diff)
			}
		}
	}
}

func TestAnExportIsAsItWasKept(t *testing.T) {
	text := export(t, chain(t, 1, "a < b"))
	if !strings.Contains(text, `"reason":"a < b"`) || strings.Count(text, "\n") != 2 {
		t.Errorf("got %s", text)
	}
}

func TestEveryEditOfAByteOfAnExportIsFound(t *testing.T) {
	log := chain(t, 3, "")
	text := export(t, log)
	for at := range len(text) - 1 { // without the last end of a line, which nobody needs
		line := strings.Count(text[:at], "\n")
		for _, bit := range []byte{next, otherCase} {
			findings := verifyText(t, edited(text, at, bit))
			what := fmt.Sprintf("byte %d of line %d", at-strings.LastIndex(text[:at], "\n"), line+1)
			switch {
			case line == len(log):
				if findings.Break == nil || findings.Break.Kind != Headless && findings.Break.Kind != Cut {
					t.Errorf("%s: %v", what, findings.Break)
				}
			case text[at] == '\n' && line == len(log)-1:
				check(t, what, findings, Break{Kind: Headless, Seq: int64(line)}) // the last two lines became one
			default:
				check(t, what, findings, Break{Kind: Changed, Seq: int64(line + 1)})
			}
		}
	}
}

func TestLinesOfAnExportThatAreGoneAreFound(t *testing.T) {
	log := chain(t, long, "")
	lines := slices.Collect(strings.Lines(export(t, log)))
	for n := range long {
		check(t, fmt.Sprint("cut behind ", n), verifyText(t, strings.Join(lines[:n], "")), Break{Kind: Headless, Seq: int64(n)})
		check(t, fmt.Sprint("end taken out behind ", n), verifyText(t, strings.Join(lines[:n], "")+lines[long]),
			Break{Kind: Cut, Seq: int64(n + 1), Last: long, Noted: "in the last line"})
	}
	short := export(t, log[:5])
	check(t, "head of fewer records", verifyText(t, strings.Join(lines[:9], "")+slices.Collect(strings.Lines(short))[5]), Break{Kind: Headless, Seq: 9})
	check(t, "two exports in one", verifyText(t, short+short), Break{Kind: Changed, Seq: 6})
	check(t, "torn", verifyText(t, short[:len(short)/2]), Break{Kind: Headless, Seq: 2})
	check(t, "by a head", verifyText(t, short, noted(headOf(log))), Break{Kind: Cut, Seq: 6, Last: long, Noted: "on paper"})
	check(t, "empty", verifyText(t, ""), Break{Kind: Headless})
}

func TestErrorsOfExportsAreReturned(t *testing.T) {
	failed := errors.New("failed")
	if _, err := VerifyExport(failing{failed}); !errors.Is(err, failed) {
		t.Errorf("reading: %v", err)
	}
	if _, err := Export(failing{failed}, all(chain(t, 1, ""))); !errors.Is(err, failed) {
		t.Errorf("writing: %v", err)
	}
	_, err := Export(&strings.Builder{}, func(yield func(Entry, error) bool) { yield(Entry{}, failed) })
	if !errors.Is(err, failed) {
		t.Errorf("entries: %v", err)
	}
	_, err = Export(&strings.Builder{}, all([]Entry{{Seq: 7, Text: "{"}}))
	if err == nil || !strings.Contains(err.Error(), "record 7 of the audit log is damaged") {
		t.Errorf("damaged: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error)  { return 0, f.err }
func (f failing) Write([]byte) (int, error) { return 0, f.err }
