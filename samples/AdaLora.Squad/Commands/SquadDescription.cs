using AdaLora.Experiments.Commands;
using AdaLora.Squad.Tasks;

namespace AdaLora.Squad.Commands;

/// <summary>This application.</summary>
internal static class SquadDescription
{
    public static ApplicationDescription Application { get; } = new()
    {
        Catalog = SquadTasks.Catalog,
        Summary = "Fine-tunes encoders on SQuAD, or on questions in its format, with AdaLoRA and other methods, and answers questions.",
        Examples = new Dictionary<string, IReadOnlyList<string>>
        {
            [""] = ["AdaLora.Squad train --help        all options"],
            ["train"] =
            [
                "AdaLora.Squad train --data squad --model microsoft/deberta-v3-base",
                "AdaLora.Squad train --data squad --version 2 --model all-MiniLM-L6-v2 --method lora --epochs 3",
                "AdaLora.Squad train --data my-train.json --dev my-dev.json --model all-MiniLM-L6-v2 --max-steps 200 --output runs/try",
                "AdaLora.Squad train --data squad --dev xquad.en.json --new-titles --model all-MiniLM-L6-v2",
            ],
            ["inspect"] = ["AdaLora.Squad inspect runs/squad-v1.1-adalora-1 --png adapter.png"],
            ["evaluate"] =
            [
                "AdaLora.Squad evaluate runs/squad-v1.1-adalora-1 --output predictions",
                "AdaLora.Squad evaluate runs/squad-v1.1-adalora-1 --data xquad.en.json --new-titles --json",
            ],
            ["predict"] =
            [
                "AdaLora.Squad predict runs/squad-v1.1-adalora-1 --question \"Who sleeps?\" --context \"The cats sleep.\"",
                "cat questions.jsonl | AdaLora.Squad predict runs/squad-v1.1-adalora-1 > answers.jsonl",
            ],
            ["merge"] = ["AdaLora.Squad merge runs/squad-v1.1-adalora-1 --output merged"],
            ["compare"] = ["AdaLora.Squad compare --methods adalora,lora,full --sweep-lr 2e-4,5e-4,1e-3,2e-3 --epochs 3 --data squad --model all-MiniLM-L6-v2"],
        },
    };
}
