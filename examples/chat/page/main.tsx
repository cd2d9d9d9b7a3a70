import { createRoot } from "react-dom/client"

import { Conversation } from "./Conversation.tsx"

// oxlint-disable-next-line import/no-unassigned-import -- a style has no value
import "./page.css"

const root = document.querySelector("#root")
if (root !== null) createRoot(root).render(<Conversation />)
