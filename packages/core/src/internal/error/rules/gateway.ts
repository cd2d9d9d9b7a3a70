import { type ErrorRule } from "../../../provider/ErrorRule.ts"

const page = (title: string) =>
  `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>`

const cloudflare = "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/"

/** What stands between a client and a server says of itself. */
export const gatewayRules: ReadonlyArray<ErrorRule> = [
  {
    id: "nginx/page",
    reason: "serverError",
    when: [
      {
        status: [500, 502, 503],
        message: /^an HTML page: .{0,40}\b(?:Bad Gateway|Service (?:Temporarily )?Unavailable|Internal Server Error)/i,
      },
    ],
    source: "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream",
    cases: [
      { status: 502, body: page("502 Bad Gateway") },
      { status: 503, body: page("503 Service Temporarily Unavailable") },
    ],
  },
  {
    id: "nginx/timeout-page",
    reason: "timeout",
    when: [{ status: [504], message: /^an HTML page: .{0,40}\bGateway Time-?out/i }],
    source: "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout",
    cases: [{ status: 504, body: page("504 Gateway Time-out") }],
  },
  {
    id: "nginx/body-too-large",
    reason: "invalidRequest",
    when: [{ status: [413], message: /^an HTML page: .{0,40}\bRequest Entity Too Large/i }],
    source: "https://nginx.org/en/docs/http/ngx_http_core_module.html#client_max_body_size",
    cases: [{ status: 413, body: page("413 Request Entity Too Large") }],
  },
  {
    id: "cloudflare/timeout",
    reason: "timeout",
    when: [{ status: [522, 524] }, { status: [504], message: /cloudflare/i }],
    source: cloudflare,
    cases: [
      {
        status: 524,
        body: "<!DOCTYPE html><html><head><title>api.example.com | 524: A timeout occurred</title></head></html>",
      },
      { status: 522, body: "error code: 522" },
    ],
  },
  {
    id: "cloudflare/origin",
    reason: "serverError",
    when: [{ status: [520, 521, 523, 525, 526, 527, 530] }],
    source: cloudflare,
    cases: [
      {
        status: 520,
        body: "<!DOCTYPE html><html><head><title>api.example.com | 520: Web server is returning an unknown error</title></head></html>",
      },
      { status: 521, body: "error code: 521" },
    ],
  },
  {
    id: "cloudflare/rate-limited",
    reason: "rateLimit",
    when: [{ status: [429], message: /error code: 1015|being rate limited/i }],
    source:
      "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/error-1015/",
    cases: [{ status: 429, body: "error code: 1015", headers: { "retry-after": "30" }, retryAfter: 30_000 }],
  },
  {
    id: "cloudflare/blocked",
    reason: "permission",
    when: [{ status: [403], message: /^an HTML page: .{0,200}(?:cloudflare|just a moment|you have been blocked)/i }],
    source: "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/",
    cases: [
      {
        status: 403,
        body: "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Cloudflare</body></html>",
      },
    ],
  },
  {
    id: "vercel/timeout",
    reason: "timeout",
    when: [
      {
        message: /FUNCTION_INVOCATION_TIMEOUT|EDGE_FUNCTION_INVOCATION_TIMEOUT|ROUTER_EXTERNAL_TARGET_CONNECTION_ERROR/,
      },
    ],
    source: "https://vercel.com/docs/errors/FUNCTION_INVOCATION_TIMEOUT",
    cases: [
      { status: 504, body: "An error occurred with your deployment\n\nFUNCTION_INVOCATION_TIMEOUT\n\nfra1::abc" },
    ],
  },
  {
    id: "vercel/throttled",
    reason: "overloaded",
    when: [{ message: /FUNCTION_THROTTLED/ }],
    source: "https://vercel.com/docs/errors/FUNCTION_THROTTLED",
    cases: [{ status: 503, body: "An error occurred with your deployment\n\nFUNCTION_THROTTLED\n\nfra1::abc" }],
  },
  {
    id: "vercel/payload-too-large",
    reason: "invalidRequest",
    when: [{ message: /FUNCTION_PAYLOAD_TOO_LARGE/ }],
    source: "https://vercel.com/docs/errors/FUNCTION_PAYLOAD_TOO_LARGE",
    cases: [{ status: 413, body: "Request Entity Too Large\n\nFUNCTION_PAYLOAD_TOO_LARGE\n\nfra1::abc" }],
  },
  {
    id: "envoy/no-upstream",
    reason: "serverError",
    when: [
      {
        status: [502, 503],
        message: /no healthy upstream|upstream connect error|connection termination|reset before headers/i,
      },
    ],
    source: "https://www.envoyproxy.io/docs/envoy/latest/faq/debugging/why_is_envoy_sending_internal_responses",
    cases: [
      { status: 503, body: "no healthy upstream" },
      {
        status: 503,
        body: "upstream connect error or disconnect/reset before headers. reset reason: connection failure",
      },
    ],
  },
]
