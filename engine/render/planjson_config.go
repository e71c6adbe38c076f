package render

import (
	"encoding/json"

	"camform/engine/plan"
	"camform/schema"
)

// The shape of a configuration within a plan document.
type (
	variableDoc struct {
		Value   json.RawMessage `json:"value"`
		Camform *sensitiveDoc   `json:"x_camform,omitempty"`
	}
	sensitiveDoc struct {
		Sensitive bool `json:"sensitive"`
	}
	configurationDoc struct {
		ProviderConfig map[string]providerDoc `json:"provider_config"`
		RootModule     configModuleDoc        `json:"root_module"`
	}
	providerDoc struct {
		Name     string `json:"name"`
		FullName string `json:"full_name"`
	}
	configModuleDoc struct {
		Outputs     map[string]configOutputDoc   `json:"outputs,omitempty"`
		Resources   []configResourceDoc          `json:"resources,omitempty"`
		ModuleCalls map[string]moduleCallDoc     `json:"module_calls,omitempty"`
		Variables   map[string]configVariableDoc `json:"variables,omitempty"`
	}
	configOutputDoc struct {
		Sensitive   bool            `json:"sensitive,omitempty"`
		Expression  expressionDoc   `json:"expression"`
		Description json.RawMessage `json:"description,omitempty"`
	}
	configVariableDoc struct {
		Default     json.RawMessage `json:"default,omitempty"`
		Description json.RawMessage `json:"description,omitempty"`
		Sensitive   bool            `json:"sensitive,omitempty"`
	}
	configResourceDoc struct {
		Address           string         `json:"address"`
		Mode              string         `json:"mode"`
		Type              string         `json:"type"`
		Name              string         `json:"name"`
		ProviderConfigKey string         `json:"provider_config_key"`
		Expressions       map[string]any `json:"expressions,omitempty"`
		SchemaVersion     int            `json:"schema_version"`
		Camform           writtenDoc     `json:"x_camform"`
	}
	moduleCallDoc struct {
		Source      string          `json:"source"`
		Expressions map[string]any  `json:"expressions,omitempty"`
		ForEach     *expressionDoc  `json:"for_each_expression,omitempty"`
		Module      configModuleDoc `json:"module"`
		Camform     writtenDoc      `json:"x_camform"`
	}
	writtenDoc struct {
		Source plan.Source `json:"source"`
	}
	expressionDoc struct {
		ConstantValue json.RawMessage `json:"constant_value,omitempty"`
		References    []string        `json:"references,omitempty"`
	}
)

func variableDocs(c plan.Configuration) map[string]variableDoc {
	docs := map[string]variableDoc{}
	for _, v := range c.Variables {
		doc := variableDoc{Value: v.Value}
		if doc.Value == nil {
			doc.Value = json.RawMessage("null")
		}
		if v.Sensitive {
			doc.Camform = &sensitiveDoc{true}
		}
		docs[v.Name] = doc
	}
	return docs
}

// newConfigurationDoc is a configuration with a module call for every device and profile block, named as it is referred to.
func newConfigurationDoc(c plan.Configuration, kinds *schema.Kinds, provider string) configurationDoc {
	doc := configurationDoc{ProviderConfig: map[string]providerDoc{provider: {provider, provider}}}
	root := &doc.RootModule
	root.Outputs, root.ModuleCalls, root.Variables = map[string]configOutputDoc{}, map[string]moduleCallDoc{}, map[string]configVariableDoc{}
	for _, b := range c.Blocks {
		switch b.Type {
		case "output":
			root.Outputs[b.Name] = configOutputDoc{
				Sensitive: isTrue(b.Arguments["sensitive"]), Expression: expressionDocOf(b.Arguments["value"]), Description: b.Arguments["description"].Constant,
			}
		case "variable":
			root.Variables[b.Name] = configVariableDoc{
				Default: b.Arguments["default"].Constant, Description: b.Arguments["description"].Constant, Sensitive: isTrue(b.Arguments["sensitive"]),
			}
		default:
			root.ModuleCalls[b.Type+"."+b.Name] = moduleCall(b, kinds, provider)
		}
	}
	return doc
}

func isTrue(e plan.Expression) bool { return string(e.Constant) == "true" }

func expressionDocOf(e plan.Expression) expressionDoc {
	return expressionDoc{ConstantValue: e.Constant, References: e.References}
}

// moduleCall is a block of settings. What else stands in it is an expression of the call.
func moduleCall(b plan.Declaration, kinds *schema.Kinds, provider string) moduleCallDoc {
	doc := moduleCallDoc{Source: b.Source.File, Camform: writtenDoc{b.Source}}
	var others []plan.Declaration
	for _, inner := range b.Blocks {
		if kinds.Lookup(inner.Type) == nil {
			others = append(others, inner)
			continue
		}
		address := schema.Setting{Kind: inner.Type, Key: inner.Name}.Local()
		resource := configResourceDoc{
			Address: address, Mode: "managed", Type: inner.Type, Name: inner.Type, ProviderConfigKey: provider,
			Expressions: expressionDocs(inner.Arguments, inner.Blocks), Camform: writtenDoc{inner.Source},
		}
		if inner.Name != "" {
			resource.Name = inner.Name
		}
		doc.Module.Resources = append(doc.Module.Resources, resource)
	}
	doc.Expressions = expressionDocs(b.Arguments, others)
	if each, ok := b.Arguments["for_each"]; ok {
		doc.ForEach = new(expressionDocOf(each))
		delete(doc.Expressions, "for_each")
	}
	return doc
}

// expressionDocs are arguments by their names, and nested blocks as a list for each type.
func expressionDocs(arguments map[string]plan.Expression, blocks []plan.Declaration) map[string]any {
	docs := map[string]any{}
	for name, e := range arguments {
		docs[name] = expressionDocOf(e)
	}
	for _, b := range blocks {
		list, _ := docs[b.Type].([]any)
		docs[b.Type] = append(list, expressionDocs(b.Arguments, b.Blocks))
	}
	return docs
}
