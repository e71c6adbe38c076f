package config

import "camform/schema"

// BlockReference describes a block of the language to people.
type BlockReference struct {
	Name      string
	Labels    []string // what each label is, such as "name"
	Arguments []ArgumentReference
	Blocks    []BlockReference // those in it, without the blocks of settings
	Settings  bool             // whether there are blocks of settings in it as well
}

// ArgumentReference describes an argument of a block to people.
type ArgumentReference struct {
	Name  string
	Takes string   // how it is written, in a few words
	Words []string // all values, where these are few
	Doc   string   // sentences, in Markdown
}

// Language describes the blocks that stand at the top of a file.
func Language(kinds *schema.Kinds) []BlockReference {
	shapes := languageOf(kinds)
	var all []BlockReference
	for _, header := range topLevel.Blocks {
		all = append(all, describeBlock(kinds, header.Type, header.LabelNames, shapes[header.Type]))
	}
	return all
}

func describeBlock(kinds *schema.Kinds, name string, labels []string, s *shape) BlockReference {
	b := BlockReference{Name: name, Labels: labels}
	if s == nil {
		return b
	}
	for _, a := range s.arguments {
		b.Arguments = append(b.Arguments, ArgumentReference{a.name, string(a.takes.form), a.takes.words, a.doc})
	}
	for _, inner := range s.content.Blocks {
		if kinds.Lookup(inner.Type) != nil {
			b.Settings = true
			continue
		}
		b.Blocks = append(b.Blocks, describeBlock(kinds, inner.Type, inner.LabelNames, s.blocks[inner.Type]))
	}
	return b
}
