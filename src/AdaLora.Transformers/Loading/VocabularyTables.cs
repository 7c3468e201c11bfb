using AdaLora.Adapters;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Loading;

/// <summary>The tables of a model that have a row for each word.</summary>
internal static class VocabularyTables
{
    /// <summary>Gives all of them another number of rows. New rows are the mean of the former ones.</summary>
    public static void Resize(PretrainedModel model, int rows)
    {
        if (model.modules().Any(module => module is SvdAdapter))
            throw new InvalidOperationException("The model has adapters. Resize its vocabulary before they are attached or loaded.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (_, table) in Of(model))
        {
            // A constant for each word may be a row itself.
            var dimension = table.dim() > 1 && table.size(0) == 1 ? 1 : 0;
            var former = table.size(dimension);
            var kept = table.detach().narrow(dimension, 0, Math.Min(former, rows));
            var shape = table.shape;
            shape[dimension] = Math.Max(0, rows - former);
            var added = table.detach().to(ScalarType.Float64).mean([dimension], keepdim: true).to(table.dtype).expand(shape);
            table.grad = null;
            _ = table.set_(cat([kept, added], dimension));
        }
    }

    /// <summary>The tables with their names.</summary>
    public static IReadOnlyList<(string Name, Tensor Table)> Of(PretrainedModel model)
    {
        var tensors = model.named_parameters().Select(own => (own.name, (Tensor)own.parameter)).Concat(model.named_buffers().Select(own => (own.name, own.buffer)));
        return [.. tensors.Where(own => model.VocabularyEndings.Any(ending => own.name == ending || own.name.EndsWith("." + ending, StringComparison.Ordinal)))];
    }
}
