package config

import "camform/engine/diag"

// LoadSettings reads only the camform block of the configuration in dir. A directory without a configuration has the
// default settings; what is wrong outside of the block is not looked at, as far as the files can be parsed at all.
func LoadSettings(dir string, options Options) (Settings, diag.Problems) {
	l, err := newLoader(dir, options)
	if err != nil {
		return l.config.Settings, diag.Problems{noConfiguration.of("The directory %s cannot be opened: %s.", dir, cause(err))}
	}
	defer l.root.Close()
	files := l.parse()
	l.list = nil // files that cannot be parsed are left out
	l.settings(files)
	return l.config.Settings, l.list
}
