import * as ConversationConformance from "@holdfast/testing/ConversationConformance"

import { participants } from "./participants.ts"

ConversationConformance.suite(participants)
