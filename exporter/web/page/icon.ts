export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#1d5a93"/><path d="M2 8h4m4 0h4" stroke="#fff" stroke-width="2"/><path d="M6.5 5.5l3 5m0-5l-3 5" stroke="#ffb35c" stroke-width="2"/></svg>
`
