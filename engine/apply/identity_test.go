package apply_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"camform/engine/ledger"
	"camform/providers/device"
	"camform/providers/memory"
)

// identity is all that a world consists of while no process runs in it: worlds of the same identity go on alike, whatever happens
// to them. It is written field by field, so that a new field is in it; what is left out stands here with its reason.
type identity [sha256.Size]byte

// apart are the fields of a world that decide nothing of what comes: the way that led here, what was noted on it, and the network
// to the devices, which are in the identity themselves.
var apart = map[string]bool{"choices": true, "trace": true, "moments": true, "fleet": true}

// identityOf is the identity of a world with devices as they are in snapshots. Died says that the process of its run has just died.
func identityOf(w *world, died bool, devices ...memory.Snapshot) identity {
	s := scribe{text: make([]byte, 0, 8<<10)}
	s.flag(died)
	v := reflect.ValueOf(w).Elem()
	for i := range v.NumField() {
		if !apart[v.Type().Field(i).Name] {
			s.write(v.Field(i))
		}
	}
	s.write(reflect.ValueOf(devices))
	return sha256.Sum256(s.text)
}

// scribe writes values down so that different ones have different texts. Functions are left out: those of a world stay.
type scribe struct{ text []byte }

var (
	timeType   = reflect.TypeFor[time.Time]()
	deviceType = reflect.TypeFor[*memory.Device]()
	stateType  = reflect.TypeFor[device.State]()
	logType    = reflect.TypeFor[device.Log]()
	scriptType = reflect.TypeFor[device.Script[memory.Fault]]()
	entryType  = reflect.TypeFor[ledger.Entry]()
)

func (s *scribe) write(v reflect.Value) {
	switch v.Type() {
	case timeType: // nobody sees a difference in the zone
		s.number(v.Field(0).Uint())
		s.number(uint64(v.Field(1).Int()))
		return
	case deviceType: // which stands in a snapshot
		s.flag(v.IsNil())
		return
	case stateType: // connections are of one start, and there are none
		s.fields(v, "Starts")
		return
	case logType:
		s.log(v.FieldByName("entries"))
		return
	case scriptType: // faults count how often they were met, and no fault of a world asks for that
		s.fields(v, "met")
		return
	case entryType: // numbers are for the order, in which entries stand
		s.fields(v, "ID")
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		s.flag(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		s.number(uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		s.number(v.Uint())
	case reflect.String:
		s.string(v.String())
	case reflect.Slice, reflect.Array:
		s.list(v)
	case reflect.Map:
		s.entries(v)
	case reflect.Struct:
		s.fields(v, "")
	case reflect.Pointer, reflect.Interface:
		s.flag(v.IsNil())
		if !v.IsNil() {
			s.string(v.Elem().Type().String())
			s.write(v.Elem())
		}
	case reflect.Func:
		s.flag(v.IsNil())
	default:
		panic(fmt.Sprintf("a world has a %s, and nobody can say whether two are alike", v.Type()))
	}
}

func (s *scribe) number(n uint64) { s.text = binary.AppendUvarint(s.text, n) }

func (s *scribe) string(text string) {
	s.number(uint64(len(text)))
	s.text = append(s.text, text...)
}

func (s *scribe) flag(b bool) {
	if b {
		s.text = append(s.text, 1)
	} else {
		s.text = append(s.text, 0)
	}
}

// fields writes a struct without one of its fields.
func (s *scribe) fields(v reflect.Value, without string) {
	for i := range v.NumField() {
		if without == "" || v.Type().Field(i).Name != without {
			s.write(v.Field(i))
		}
	}
}

func (s *scribe) list(v reflect.Value) {
	s.number(uint64(v.Len()))
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
		s.text = append(s.text, v.Bytes()...)
		return
	}
	for i := range v.Len() {
		s.write(v.Index(i))
	}
}

// entries writes a map in the order of what is written.
func (s *scribe) entries(v reflect.Value) {
	all := make([][]byte, 0, v.Len())
	for each := v.MapRange(); each.Next(); {
		var entry scribe
		entry.write(each.Key())
		entry.write(each.Value())
		all = append(all, entry.text)
	}
	slices.SortFunc(all, bytes.Compare)
	s.number(uint64(len(all)))
	for _, text := range all {
		s.text = append(s.text, text...)
	}
}

// log writes what a world asks of the log of a device: how often it locked itself, and how many passwords it was given. Which documents
// were read when decides nothing.
func (s *scribe) log(entries reflect.Value) {
	locks, passwords := uint64(0), uint64(0)
	for i := range entries.Len() {
		e := entries.Index(i)
		switch kind := device.EntryKind(e.FieldByName("Kind").String()); {
		case kind == memory.Locked:
			locks++
		case kind == memory.Written && strings.HasPrefix(e.FieldByName("Path").String(), usersPath):
			passwords++
		}
	}
	s.number(locks)
	s.number(passwords)
}
