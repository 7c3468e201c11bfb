using AdaLora.Experiments.Programs;

namespace AdaLora.Benchmarks;

/// <summary>A part of the document that a command of this program writes.</summary>
/// <param name="Name">The name in the markers.</param>
/// <param name="Heading">The heading, should the document have no such section yet.</param>
/// <param name="Arguments">The arguments, with <see cref="ReportMaterial"/>'s placeholders for folders.</param>
internal sealed record ReportSection(string Name, string Heading, params IReadOnlyList<string> Arguments)
{
    private const string MiniLm = ReportMaterial.MiniLm;
    private const string Glue = ReportMaterial.Glue;
    private const string Peers = ReportMaterial.Peers;
    private const string Tokenizers = "../shared/goldens/tokenizers/sequence";

    /// <summary>All sections, in the order of the document.</summary>
    public static IReadOnlyList<ReportSection> All { get; } =
    [
        new("peft-step", "Training step beside PEFT", "peft", "--peers", Peers, "--model", MiniLm, "--data", Glue),
        new("peft-bf16", "bf16 beside PEFT", "peft", "--peers", Peers, "--model", MiniLm, "--data", Glue, "--dtype", "fp32,bf16"),
        new("peft-no-dropout", "Without dropout beside PEFT", "peft", "--peers", Peers, "--model", MiniLm, "--data", Glue, "--dropout", "0"),
        new("peft-run", "A whole training beside PEFT", "peft-run", "--peers", Peers, "--model", MiniLm, "--data", Glue, "--task", "cola", "--epochs", "5"),
        new("seq2seq", "Models with an encoder and a decoder", "seq2seq", "--peers", Peers, "--steps", "5", "--rounds", "1"),
        new("decoders", "Decoders", "decoders", "--peers", Peers, "--steps", "5", "--rounds", "1"),
        new("step", "Training step", "step", "--model", MiniLm, "--batch", "32", "--length", "64"),
        new("step-bf16", "Training step with a base in bf16", "step", "--model", MiniLm, "--batch", "32", "--length", "64", "--dtype", "bf16"),
        new("step-no-dropout", "Training step without dropout", "step", "--model", MiniLm, "--batch", "32", "--length", "64", "--dropout", "0"),
        new("step-bert-base", "Training step of BERT-base's shape", "step", "--shape", "bert-base", "--batch", "8", "--length", "64"),
        new("step-deberta-v3-base", "Training step of DeBERTaV3-base's shape", "step", "--shape", "deberta-v3-base", "--batch", "8", "--length", "64"),
        new("kernels", "The kernels of a step", "kernels", "--model", MiniLm, "--batch", "32", "--length", "64"),
        new("attachment", "Ways to attach", "attachment", "--model", MiniLm, "--batch", "32", "--length", "64", "--dropout", "0"),
        new("allocator", "Allocator and regulariser alone", "allocator", "--matrices", "1,12,72,512", "--rank", "2,12,64"),
        new("optimizer", "The optimiser", "optimizer"),
        new("inference", "Inference", "inference", "--model", MiniLm, "--batch", "32", "--length", "64"),
        new("tokenize", "Tokenizing", "tokenize", "--model", MiniLm, "--data", Glue, "--task", "sst2"),
        new("tokenize-bpe", "Tokenizing with byte-level BPE", "tokenize", "--model", $"{Tokenizers}/llama3_split", "--data", Glue, "--task", "sst2"),
        new("tokenize-byte-fallback", "Tokenizing with BPE without words", "tokenize", "--model", $"{Tokenizers}/llama2_bpe", "--data", Glue, "--task", "sst2"),
        new("tokenize-unigram", "Tokenizing with a unigram model", "tokenize", "--model", $"{Tokenizers}/t5_unigram", "--data", Glue, "--task", "sst2"),
        new("processes", "Many processes", "processes", "--model", MiniLm, "--data", Glue, "--task", "cola"),
        new("load", "Loading a checkpoint", "load", "--model", MiniLm),
        new("memory", "Memory", "memory", "--peers", Peers, "--model", MiniLm, "--data", Glue, "--task", "cola", "--steps", "30"),
    ];

    /// <summary>What to type for it, placeholders included.</summary>
    public string Command => "dotnet run -c Release --project tests/AdaLora.Benchmarks -- " + string.Join(' ', Arguments);

    /// <summary>The sections with a name, or whose name begins with it where it ends with a star; all when there are no names.</summary>
    /// <exception cref="UserInputException">There are none.</exception>
    public static IReadOnlyList<ReportSection> Find(IReadOnlyList<string> names)
    {
        foreach (var name in names.Where(name => !All.Any(section => section.IsCalled(name))))
            throw new UserInputException($"There is no section '{name}'. The sections are: {string.Join(", ", All.Select(section => section.Name))}.");
        return names.Count == 0 ? All : [.. All.Where(section => names.Any(section.IsCalled))];
    }

    private bool IsCalled(string name) => name.EndsWith('*') ? Name.StartsWith(name[..^1], StringComparison.Ordinal) : Name == name;
}
