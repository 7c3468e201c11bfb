using AdaLora.Experiments.Commands;
using AdaLora.Instruct.Tasks;

namespace AdaLora.Instruct.Commands;

/// <summary>This application.</summary>
internal static class InstructDescription
{
    public static ApplicationDescription Application { get; } = new()
    {
        Catalog = InstructTasks.Catalog,
        Summary = "Fine-tunes language models on conversations, prompts or texts with AdaLoRA and other methods, and talks with them. Without arguments, it runs a demo that needs no downloads.",
        Examples = new Dictionary<string, IReadOnlyList<string>>
        {
            [""] = ["AdaLora.Instruct                     the demo", "AdaLora.Instruct train --help        all options"],
            ["train"] =
            [
                "AdaLora.Instruct train --data conversations.jsonl --held-out 0.1 --model Qwen/Qwen2.5-0.5B-Instruct --precision bf16 --checkpointing",
                "AdaLora.Instruct train --data gsm8k/train.jsonl --dev gsm8k/test.jsonl --columns question,answer --model HuggingFaceTB/SmolLM2-135M --method lora --lr 2e-4",
                "AdaLora.Instruct train --data sft --split-at '\\nA: ' --loss-on everything --model stories260K --lr 3e-3 --lambda-lr-factor 100 --delta-t 5",
            ],
            ["inspect"] = ["AdaLora.Instruct inspect runs/instruct-adalora-1 --png adapter.png"],
            ["evaluate"] = ["AdaLora.Instruct evaluate runs/instruct-adalora-1 --exact-match 50 --json"],
            ["chat"] = ["AdaLora.Instruct chat runs/instruct-adalora-1 --system \"You answer in one sentence.\" --temperature 0.7"],
            ["generate"] =
            [
                "AdaLora.Instruct generate runs/instruct-adalora-1 --prompt \"Once upon a time\" --max-new-tokens 50",
                "echo \"How high is the tide?\" | AdaLora.Instruct generate runs/instruct-adalora-1 --chat --json",
            ],
            ["merge"] = ["AdaLora.Instruct merge runs/instruct-adalora-1 --output merged"],
            ["compare"] = ["AdaLora.Instruct compare --methods adalora,lora,full --sweep-lr 1e-3,3e-3,1e-2 --sweep-lambda-lr-factor 1,100 --data sft --model stories260K"],
        },
    };
}
