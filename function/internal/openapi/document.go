package openapi

// schema is a JSON Schema of draft 2020-12, as OpenAPI 3.1 has them.
type schema map[string]any

// document is an OpenAPI document, with the members that Mayfly needs
// (OpenAPI Specification 3.1.1).
type document struct {
	OpenAPI    string                `json:"openapi"`
	Info       info                  `json:"info"`
	Servers    []server              `json:"servers"`
	Security   []securityRequirement `json:"security"`
	Tags       []tag                 `json:"tags"`
	Paths      map[string]pathItem   `json:"paths"`
	Components components            `json:"components"`
	Limits     limits                `json:"x-limits"`
}

type info struct {
	Title       string `json:"title"`
	Version     string `json:"version"`
	Summary     string `json:"summary"`
	Description string `json:"description"`
	License     struct {
		Name       string `json:"name"`
		Identifier string `json:"identifier"`
	} `json:"license"`
}

type server struct {
	URL         string `json:"url"`
	Description string `json:"description,omitempty"`
}

type tag struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// limits are the limits of a request, in bytes, messages and seconds.
type limits struct {
	BodyBytes    int64   `json:"bodyBytes"`
	Messages     int     `json:"messages"`
	EventBytes   int     `json:"eventBytes"`
	Seconds      float64 `json:"seconds,omitempty"` // on Lambda the function's
	DevicePerSec float64 `json:"deviceMessagesPerSecond,omitempty"`
}

// securityRequirement names the schemes of which a request needs all.
type securityRequirement map[string][]string

// pathItem is the operations of a path, by their methods in lower case.
type pathItem map[string]*operation

type operation struct {
	OperationID  string                 `json:"operationId"`
	Tags         []string               `json:"tags"`
	Summary      string                 `json:"summary"`
	Description  string                 `json:"description,omitempty"`
	ExternalDocs *externalDocs          `json:"externalDocs,omitempty"`
	Parameters   []parameter            `json:"parameters,omitempty"`
	RequestBody  *requestBody           `json:"requestBody,omitempty"`
	Responses    map[string]*response   `json:"responses"`
	Security     *[]securityRequirement `json:"security,omitempty"` // nil: the document's
	Patience     float64                `json:"x-patience,omitempty"`
	Source       string                 `json:"x-source,omitempty"`
}

type externalDocs struct {
	URL string `json:"url"`
}

type parameter struct {
	Name        string             `json:"name"`
	In          string             `json:"in"`
	Required    bool               `json:"required,omitempty"`
	Description string             `json:"description,omitempty"`
	Style       string             `json:"style,omitempty"`
	Explode     *bool              `json:"explode,omitempty"`
	Schema      schema             `json:"schema"`
	Example     any                `json:"example,omitempty"`
	Examples    map[string]example `json:"examples,omitempty"`
}

type requestBody struct {
	Description string               `json:"description,omitempty"`
	Required    bool                 `json:"required,omitempty"`
	Content     map[string]mediaType `json:"content"`
}

type mediaType struct {
	Schema   schema             `json:"schema"`
	Examples map[string]example `json:"examples,omitempty"`
}

type example struct {
	Summary string `json:"summary,omitempty"`
	Value   any    `json:"value"`
}

// response is an answer, or with Ref a reference to one of the components.
type response struct {
	Ref         string               `json:"$ref,omitempty"`
	Description string               `json:"description,omitempty"`
	Headers     map[string]header    `json:"headers,omitempty"`
	Content     map[string]mediaType `json:"content,omitempty"`
}

type header struct {
	Description string `json:"description"`
	Required    bool   `json:"required,omitempty"`
	Schema      schema `json:"schema"`
}

type components struct {
	Schemas         map[string]schema         `json:"schemas"`
	Responses       map[string]*response      `json:"responses"`
	SecuritySchemes map[string]securityScheme `json:"securitySchemes,omitempty"`
}

type securityScheme struct {
	Type         string `json:"type"`
	Description  string `json:"description,omitempty"`
	Name         string `json:"name,omitempty"`
	In           string `json:"in,omitempty"`
	Scheme       string `json:"scheme,omitempty"`
	BearerFormat string `json:"bearerFormat,omitempty"`
}
