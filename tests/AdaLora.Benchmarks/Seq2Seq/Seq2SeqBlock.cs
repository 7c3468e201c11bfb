using AdaLora.Transformers;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Families.Bart;
using AdaLora.Transformers.Families.T5;
using AdaLora.Transformers.Generation;
using AdaLora.Transformers.Heads;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>A few training steps, all in the budgeting phase, or texts that are written, on a model with random weights and random texts.</summary>
internal static class Seq2SeqBlock
{
    private const int FirstWord = 5;

    /// <summary>The published shapes.</summary>
    public static IReadOnlyDictionary<string, Func<double, EncoderDecoderConfig>> Shapes { get; } = new Dictionary<string, Func<double, EncoderDecoderConfig>>
    {
        ["bart-base"] = dropout => new BartConfig
        {
            HiddenSize = 768,
            Layers = 6,
            Heads = 12,
            IntermediateSize = 3072,
            HiddenDropout = dropout,
            AttentionDropout = dropout,
            ActivationDropout = dropout,
        },
        ["t5-base"] = dropout => new T5Config { HiddenSize = 768, Layers = 12, Heads = 12, IntermediateSize = 3072, HiddenDropout = dropout },
    };

    /// <returns>The milliseconds of every step, or of every token of a text.</returns>
    public static IReadOnlyList<double> Run(Seq2SeqWork work)
    {
        set_num_threads(work.Threads);
        manual_seed(1).Dispose();
        using var model = AutoModel.NewSeq2SeqLM(Shapes[work.Shape](work.Dropout), seed: 1);
        return work.Kind == Seq2SeqWork.Step ? TimeSteps(model, work) : TimeTokens(model, work);
    }

    private static List<double> TimeSteps(Seq2SeqLM model, Seq2SeqWork work) => LanguageBlock.TimeSteps(model, work.AdapterDropout, work.Steps, () =>
    {
        var (ids, labels) = (Texts(model, work.Batch, work.Source), Texts(model, work.Batch, work.Target));
        var mask = ones_like(ids);
        return () => model.Loss(ids, mask, labels);
    });

    private static List<double> TimeTokens(Seq2SeqLM model, Seq2SeqWork work)
    {
        model.eval();
        // The end token is forbidden, so that all texts have the same length.
        var generator = new TextGenerator(model, new GenerationOptions { Beams = work.Beams, MinNewTokens = work.Target, MaxNewTokens = work.Target, EndIds = model.Config.EndIds });
        return LanguageBlock.TimeTokens(generator, (work.Batch, work.Source), (FirstWord, model.Config.VocabularySize), work.Steps, work.Target);
    }

    private static Tensor Texts(Seq2SeqLM model, int batch, int length) => randint(FirstWord, model.Config.VocabularySize, [batch, length], dtype: ScalarType.Int64);
}
