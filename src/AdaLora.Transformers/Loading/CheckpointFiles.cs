using AdaLora.Internals;

namespace AdaLora.Transformers.Loading;

/// <summary>The names of a checkpoint's files.</summary>
internal static class CheckpointFiles
{
    public const string Config = "config.json";
    public const string Weights = "model.safetensors";
    public const string Index = "model.safetensors.index.json";

    /// <summary>What is replaced together; the configuration last, so that it never describes weights that aren't in place yet.</summary>
    public static JointFiles Whole { get; } = new("checkpoint", [Weights, Index, Config], alternatives: [Weights, Index]);

    public const string TokenizerSettings = "tokenizer_config.json";

    /// <summary>The sets of files, any one of which is a vocabulary.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Vocabularies { get; } =
        [["tokenizer.json"], ["vocab.txt"], ["vocab.json", "merges.txt"], ["spm.model"], ["sentencepiece.bpe.model"], ["spiece.model"], ["tokenizer.model"]];

    /// <summary>The files that a tokenizer may consist of.</summary>
    public static IReadOnlyList<string> Tokenizer { get; } = [TokenizerSettings, "special_tokens_map.json", "added_tokens.json", .. Vocabularies.SelectMany(files => files)];

    /// <summary>The end of the sentence that refuses a checkpoint without safetensors.</summary>
    /// <param name="files">The names of the checkpoint's files.</param>
    public static string NoWeights(IEnumerable<string> files) => files.Any(IsPickle)
        ? $"holds its weights in PyTorch's pickle format only (pytorch_model.bin), which is not read, because loading it can run code: convert it to {Weights}, for instance with the "
            + "Python package transformers (AutoModel.from_pretrained(...).save_pretrained(folder)), or use a revision that has been converted; on the hub, a pull request often holds one (owner/name@refs/pr/1)."
        : $"holds no weights: it has neither {Weights} nor {Index}.";

    /// <summary>Whether a name is that of a file directly in its folder, on every system: a folder may have been made on another one.</summary>
    public static bool IsPlainName(string name) => name is not ("" or "." or "..") && name.IndexOfAny(['/', '\\', ':', '\0']) < 0;

    private static bool IsPickle(string name) => name.StartsWith("pytorch_model", StringComparison.Ordinal) && name.EndsWith(".bin", StringComparison.Ordinal);
}
