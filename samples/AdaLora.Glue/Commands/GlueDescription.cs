using AdaLora.Experiments.Commands;
using AdaLora.Glue.Tasks;

namespace AdaLora.Glue.Commands;

/// <summary>This application.</summary>
internal static class GlueDescription
{
    public static ApplicationDescription Application { get; } = new()
    {
        Catalog = GlueTasks.Catalog,
        Summary = "Fine-tunes encoders on GLUE with AdaLoRA and shows where the rank budget went. Without arguments, it runs a demo that needs no downloads.",
        Examples = new Dictionary<string, IReadOnlyList<string>>
        {
            [""] = ["AdaLora.Glue                     the demo", "AdaLora.Glue train --help        all options"],
            ["train"] =
            [
                "AdaLora.Glue train --task cola --data glue --model all-MiniLM-L6-v2",
                "AdaLora.Glue train --task stsb --data glue/STS-B --model all-MiniLM-L6-v2 --method lora --target-rank 8 --seed 2",
                "AdaLora.Glue train --task mrpc --data glue --model google-bert/bert-base-uncased",
                "AdaLora.Glue train --task rte --data glue --model all-MiniLM-L6-v2 --targets query,value --layers 0-2 --max-steps 200 --output runs/try",
                "AdaLora.Glue train --task rte --data glue --model all-MiniLM-L6-v2 --targets query,value --dry-run",
                "AdaLora.Glue train --train reviews.csv --dev more-reviews.csv --text review --label stars --model all-MiniLM-L6-v2",
                "AdaLora.Glue train --train articles.jsonl --held-out 0.1 --text body --label topics --label-separator \";\" --model all-MiniLM-L6-v2",
            ],
            ["inspect"] =
            [
                "AdaLora.Glue inspect runs/cola-adalora-1",
                "AdaLora.Glue inspect runs/cola-adalora-1/adapter --png adapter.png --csv triplets.csv",
                "AdaLora.Glue inspect adapter-of-peft --json | jq '.matrices[] | {name, rank, singular_values}'",
            ],
            ["evaluate"] = ["AdaLora.Glue evaluate runs/cola-adalora-1 --json"],
            ["predict"] =
            [
                "AdaLora.Glue predict runs/cola-adalora-1 --text \"The cats sleep.\"",
                "AdaLora.Glue predict runs/file-adalora-1 --input reviews.csv > stars.jsonl",
                "cat sentences.txt | AdaLora.Glue predict runs/cola-adalora-1 > labels.jsonl",
            ],
            ["merge"] = ["AdaLora.Glue merge runs/cola-adalora-1 --output merged"],
            ["compare"] =
            [
                "AdaLora.Glue compare --tasks cola,mrpc --data glue --model all-MiniLM-L6-v2",
                "AdaLora.Glue compare --methods adalora,lora --tasks cola --sweep-lr 3e-4,1e-3,3e-3 --sweep-lambda-lr-factor 1,10,30 --against lora --data glue --model all-MiniLM-L6-v2",
                "AdaLora.Glue compare --methods adalora,lora --tasks rte --seeds 1-5 --epochs 3 --data glue --model microsoft/deberta-v3-base --jobs 2 --threads 1",
            ],
        },
    };
}
