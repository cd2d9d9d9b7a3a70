import { Context, Effect } from "effect"
import { LanguageModel, Model } from "effect/ai"

import { chat as operation } from "../operation/chat.ts"
import { ChatCall, type Host } from "./host.ts"
import { languageModel } from "./languageModel.ts"

/** A chat is served as a `LanguageModel`. */
export const chat: Host<"chat"> = {
  operation,
  call: ChatCall,
  serve: (call, fold) =>
    Effect.map(languageModel(call, fold), (model) =>
      Context.make(LanguageModel.LanguageModel, model).pipe(
        Context.add(Model.ProviderName, call.provider),
        Context.add(Model.ModelName, call.model),
      ),
    ),
}
