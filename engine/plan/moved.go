package plan

import "camform/schema"

// Moved is a device that has another name than the state remembers it under. Apply gives it that name, with all records
// of it, before it does anything else.
type Moved struct {
	From, To schema.Device
	Source   Source // the moved block
}

// Moves are the names that devices get when a plan is applied.
func (p *Plan) Moves() schema.Moves {
	var moves schema.Moves
	for _, m := range p.Moved {
		moves = append(moves, schema.Move{From: m.From, To: m.To})
	}
	return moves
}

// movedShape is Moved in a plan file.
type movedShape struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Source Source `json:"source"`
}

func encodeMoved(m Moved) movedShape { return movedShape{m.From.String(), m.To.String(), m.Source} }

func (shape movedShape) moved() (m Moved, err error) {
	m.Source = shape.Source
	if m.From, err = schema.ParseDevice(shape.From); err != nil {
		return m, err
	}
	m.To, err = schema.ParseDevice(shape.To)
	return m, err
}
