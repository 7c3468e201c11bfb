using AdaLora.Experiments.Programs;
using AdaLora.Training;
using AdaLora.Training.Progress;
using AdaLora.Transformers;
using AdaLora.Transformers.Families.Bart;
using AdaLora.Transformers.Tokenization;

namespace AdaLora.Summarization.Pretraining;

/// <summary>Creates a small BART from random weights by removing noise from texts.</summary>
internal static class BartPretraining
{
    /// <summary>The size of a head of a model of a width.</summary>
    public static int HeadSize(int hiddenSize) => Math.Min(64, hiddenSize / 4 is var quarter && quarter > 0 ? quarter : 1);

    /// <summary>Trains and writes a checkpoint with its tokenizer. A cancelled run writes nothing.</summary>
    /// <exception cref="UserInputException">The tokenizer lacks what the model needs, or there are no texts.</exception>
    public static TrainingResult Run(PretrainingSettings settings, IReadOnlyList<string> texts, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        var tokenizer = TextTokenizer.FromFolder(settings.Tokenizer);
        var empty = tokenizer.Encode("").Ids;
        if (tokenizer.MaskId is null || empty.Count < 2)
            throw new UserInputException($"The tokenizer in '{settings.Tokenizer}' has no mask token, or puts no tokens around texts; use that of an encoder or of BART.");
        var pieces = Pieces(tokenizer, texts, settings.Length);
        if (pieces.Count == 0)
            throw new UserInputException("There are no texts to pre-train on.");
        using var model = AutoModel.NewSeq2SeqLM(Config(settings, tokenizer, empty[0], empty[^1]), settings.Seed);
        using var trainer = new Trainer(
            model,
            new TrainerOptions { TotalSteps = settings.Steps, LearningRate = settings.LearningRate, Seed = settings.Seed, MaxGradientNorm = 1, ReportEvery = 50 });
        var result = trainer.Fit(Batches(tokenizer, pieces, settings), batch => batch.Loss(model), size: batch => batch.Size, progress: progress, cancellation: cancellation);
        if (result.StopReason == StopReason.Completed)
            model.SaveCheckpoint(settings.Output, settings.Tokenizer);
        return result;
    }

    // Long texts are cut into pieces, each between the special tokens.
    private static List<IReadOnlyList<int>> Pieces(TextTokenizer tokenizer, IReadOnlyList<string> texts, int length)
    {
        var ends = tokenizer.Encode("").Ids;
        return [.. texts.SelectMany(text => tokenizer.EncodePlain(text).Chunk(length - 2)).Where(piece => piece.Length > 0).Select(piece => (IReadOnlyList<int>)[ends[0], .. piece, ends[^1]])];
    }

    private static IEnumerable<NoisyBatch> Batches(TextTokenizer tokenizer, IReadOnlyList<IReadOnlyList<int>> pieces, PretrainingSettings settings)
    {
        var random = new Random(settings.Seed);
        while (true)
        {
            foreach (var chosen in Enumerable.Range(0, pieces.Count).OrderBy(_ => random.Next()).Chunk(settings.BatchSize))
            {
                yield return new NoisyBatch(
                    [.. chosen.Select(piece => NoisyText.Of(pieces[piece], tokenizer, random))], [.. chosen.Select(piece => pieces[piece])], tokenizer.PadId);
            }
        }
    }

    private static BartConfig Config(PretrainingSettings settings, TextTokenizer tokenizer, int begin, int end) => new()
    {
        VocabularySize = tokenizer.VocabularySize,
        HiddenSize = settings.HiddenSize,
        Layers = settings.Layers,
        Heads = settings.HiddenSize / HeadSize(settings.HiddenSize),
        IntermediateSize = 4 * settings.HiddenSize,
        // Noise in front of every token can make a text a little longer than its piece.
        MaxPositions = 2 * settings.Length,
        HiddenDropout = 0.1,
        BeginId = begin,
        EndIds = [end],
        PadId = tokenizer.PadId,
        DecoderStartId = end,
        ForcedEndId = end,
    };
}
