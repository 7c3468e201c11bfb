using AdaLora.Transformers;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Generation;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Loading;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>A few training steps of a decoder, all in the budgeting phase, or prompts that are continued, with random tokens.</summary>
internal static class DecoderBlock
{
    private const int FirstWord = 3;

    /// <returns>The milliseconds of every step, or of every token.</returns>
    public static IReadOnlyList<double> Run(DecoderWork work)
    {
        set_num_threads(work.Threads);
        manual_seed(1).Dispose();
        using var model = AutoModel.CausalLM(work.Model, new PretrainedOptions { Dtype = ElementTypes.Of(work.ElementType) });
        return work.Kind == DecoderWork.Step ? TimeSteps(model, work) : TimeTokens(model, work);
    }

    private static List<double> TimeSteps(CausalLM model, DecoderWork work) => LanguageBlock.TimeSteps(model, work.Dropout, work.Steps, () =>
    {
        var ids = randint(FirstWord, model.Config.VocabularySize, [work.Batch, work.Length], dtype: ScalarType.Int64);
        var mask = ones_like(ids);
        return () => model.Loss(ids, mask, ids);
    });

    private static List<double> TimeTokens(CausalLM model, DecoderWork work)
    {
        model.eval();
        // The end token is forbidden, so that all texts have the same length.
        var generator = new TextGenerator(model, new GenerationOptions { MinNewTokens = work.NewTokens, MaxNewTokens = work.NewTokens, EndIds = model.Config.EndIds });
        return LanguageBlock.TimeTokens(generator, (work.Batch, work.Length), (FirstWord, model.Config.VocabularySize), work.Steps, work.NewTokens);
    }
}
