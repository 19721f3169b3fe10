// Addresses are relative to the page, and the document's server to the document, so that /v1/docs and a proxy's prefix work too.
SwaggerUIBundle({ url: "openapi.yaml", dom_id: "#page", validatorUrl: null, tryItOutEnabled: true });
