package render

// Options say how something is shown. The zero value shows it in full words, folded, in columns of 80, without colour.
type Options struct {
	Colour  Colour
	Width   int // columns that sentences and the progress line may take; 0 means 80
	Fold    Fold
	Detail  Detail
	Wording Wording
	Frame   Frame
}

// Colour says whether text carries escape sequences for colours. The code that opened the output decides.
type Colour int

// The ways to colour.
const (
	NeverColour Colour = iota
	AlwaysColour
)

// Fold says what becomes of the same change on many devices.
type Fold int

// The ways to fold.
const (
	Folded   Fold = iota // told once, with the first devices by name
	Unfolded             // told for every device
)

// Wording chooses the fixed sentences.
type Wording string

// The wordings.
const (
	Own       Wording = ""          // camform speaks of devices and settings
	Terraform Wording = "terraform" // the sentences that programs which read Terraform's output look for
)

// Frame is what boxes around problems are drawn with.
type Frame int

// The frames.
const (
	LineFrame  Frame = iota // ╷ │ ╵
	ASCIIFrame              // for terminals that know nothing else
)

const defaultWidth = 80

func (o Options) width() int {
	if o.Width <= 0 {
		return defaultWidth
	}
	return o.Width
}

// Wrapped are the lines of a paragraph, broken at words, where a margin takes so many columns.
func (o Options) Wrapped(text string, margin int) []string { return wrap(text, o.width()-margin) }

// Strong is a text that stands out.
func (o Options) Strong(text string) string { return newPalette(o.Colour).text(Strong, text) }
