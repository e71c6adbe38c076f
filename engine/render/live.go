package render

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// liveScreen keeps one line at the bottom of a terminal. What is in it is read when it is painted, so that events cost
// nothing here.
type liveScreen struct {
	width int

	mu   sync.Mutex
	w    io.Writer
	bars *mpb.Progress // nil between stages
	bar  *mpb.Bar
}

func newLiveScreen(w io.Writer, o Options) *liveScreen { return &liveScreen{w: w, width: o.width()} }

// The first paint is one period after the beginning.
const repaintEvery = 100 * time.Millisecond

func (s *liveScreen) begin(snapshot func() tally) {
	s.end()
	bars := mpb.New(mpb.WithOutput(s.w), mpb.WithWidth(s.width), mpb.WithAutoRefresh(), mpb.WithRefreshRate(repaintEvery))
	bar := bars.MustAdd(0, currentBar(snapshot),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
			t := snapshot()
			done, total := t.counted()
			return fmt.Sprintf("%s: %d/%d ", t.stage, done, total)
		})),
		mpb.AppendDecorators(decor.Any(func(stat decor.Statistics) string {
			return runewidth.Truncate(" "+standing(snapshot()), max(0, stat.AvailableWidth-barWidth), "…")
		})),
	)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bars, s.bar = bars, bar
}

// barWidth is what the bar itself gets at least.
const barWidth = 12

// currentBar draws the bar of a tally. Bars of the library count for themselves, which would cost a message per event.
func currentBar(snapshot func() tally) mpb.BarFiller {
	filler := mpb.BarStyle().Build()
	return mpb.BarFillerFunc(func(w io.Writer, stat decor.Statistics) error {
		t := snapshot()
		done, total := t.counted()
		stat.Current, stat.Total = int64(done), int64(total)
		return filler.Fill(w, stat)
	})
}

// standing is what stands right of the bar.
func standing(t tally) string {
	var words []string
	if t.failed > 0 {
		words = append(words, fmt.Sprintf("%d failed", t.failed))
	}
	if pace := t.pace(time.Now()); pace != "" {
		words = append(words, pace)
	}
	if active := t.activeText(); active != "" {
		words = append(words, active)
	}
	return strings.Join(words, ", ")
}

// line hands a line over to the painter, which asks for the tally in turn: so no lock of ours is held while it waits.
func (s *liveScreen) line(text string) {
	s.mu.Lock()
	bars := s.bars
	text = Wrap(text, s.width, 4)
	if bars == nil {
		fmt.Fprintln(s.w, text) // an output that cannot be written to is no reason to end a run
	}
	s.mu.Unlock()
	if bars != nil {
		fmt.Fprintln(bars, text)
	}
}

func (s *liveScreen) end() {
	s.mu.Lock()
	bars, bar := s.bars, s.bar
	s.mu.Unlock()
	if bars == nil {
		return
	}
	bar.Abort(true)
	bars.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bars, s.bar = nil, nil
}
