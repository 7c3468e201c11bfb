using AdaLora.Experiments.Commands;
using AdaLora.Summarization.Tasks;

namespace AdaLora.Summarization.Commands;

/// <summary>This application.</summary>
internal static class SummarizationDescription
{
    public static ApplicationDescription Application { get; } = new()
    {
        Catalog = SummarizationTasks.Catalog,
        Summary = "Fine-tunes BART and T5 on summarisation, or on any pairs of texts, with AdaLoRA and other methods, and writes summaries.",
        Examples = new Dictionary<string, IReadOnlyList<string>>
        {
            [""] = ["AdaLora.Summarization train --help        all options"],
            ["train"] =
            [
                "AdaLora.Summarization train --task xsum --data xsum --model facebook/bart-large --batch-size 8 --accumulate 8",
                "AdaLora.Summarization train --task cnn_dailymail --data cnn --model facebook/bart-large --batch-size 8 --accumulate 4",
                "AdaLora.Summarization train --data letters.csv --dev more.csv --text-column body --summary-column subject --model google-t5/t5-small",
                "AdaLora.Summarization train --data xsum --model small-bart --max-source-length 256 --max-target-length 48 --beams 4 --method lora --epochs 3",
            ],
            ["inspect"] = ["AdaLora.Summarization inspect runs/xsum-adalora-1 --png adapter.png"],
            ["evaluate"] =
            [
                "AdaLora.Summarization evaluate runs/xsum-adalora-1 --output predictions",
                "AdaLora.Summarization evaluate runs/xsum-adalora-1 --data test.jsonl --beams 6 --json",
            ],
            ["generate"] =
            [
                "AdaLora.Summarization generate runs/xsum-adalora-1 --text \"The cats slept all day. In the evening, they hunted.\"",
                "AdaLora.Summarization generate runs/xsum-adalora-1 --input articles.jsonl --text-column document > summaries.jsonl",
            ],
            ["merge"] = ["AdaLora.Summarization merge runs/xsum-adalora-1 --output merged"],
            ["compare"] = ["AdaLora.Summarization compare --tasks xsum --methods adalora,lora,full --seeds 1-3 --data xsum --model small-bart"],
            ["pretrain"] = ["AdaLora.Summarization pretrain --data xsum --tokenizer facebook/bart-base --output small-bart"],
        },
    };
}
