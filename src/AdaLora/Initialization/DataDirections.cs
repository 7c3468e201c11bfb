using AdaLora.Injection;
using static TorchSharp.torch;

namespace AdaLora.Initialization;

/// <summary>The principal directions of what the layers read, and ranks by the variance that they explain.</summary>
/// <param name="passes">Runs the model on a batch each.</param>
/// <param name="maxRankFactor">The highest rank as a multiple of that of the options.</param>
internal sealed class DataDirections(IEnumerable<Action> passes, double maxRankFactor) : IStartingPoint
{
    /// <summary>Directions that are kept beyond those that may be needed, so that later batches can bring them forward.</summary>
    private const int Spare = 8;

    // What weights without a layer of their own are multiplied by cannot be seen: they keep their ranks.
    public StartingTriplets Find(nn.Module model, IReadOnlyList<StartingLayer> all)
    {
        List<StartingLayer> layers = [.. all.Where(l => l.Layer.IsCalled)];
        using var observer = new InputObserver(layers, layer => MostOf(layer) + Spare);
        Run(model, observer);
        try
        {
            RequireInputs(layers, observer);
            var shares = layers.ToDictionary(l => l.Name, l => observer[l.Name].ReadShares(), StringComparer.Ordinal);
            var ranks = RankShares.DealOut(layers.Select(l => (l.Name, l.Least, MostOf(l), shares[l.Name])), layers.Sum(l => l.Rank));
            return new StartingTriplets(
                all.ToDictionary(l => l.Name, l => ranks.TryGetValue(l.Name, out var rank) ? rank : l.Rank, StringComparer.Ordinal),
                new Dictionary<string, Tensor>(),
                layers.ToDictionary(l => l.Name, l => observer[l.Name].Right!.narrow(0, 0, Math.Min(ranks[l.Name], observer[l.Name].Right!.shape[0])).clone(), StringComparer.Ordinal));
        }
        finally
        {
            observer.Free();
        }
    }

    private int MostOf(StartingLayer layer) => (int)Math.Min(Math.Round(layer.Rank * maxRankFactor), int.MaxValue / 2);

    private void Run(nn.Module model, InputObserver observer)
    {
        var modes = new TrainingModes(model);
        using var noGrad = no_grad();
        try
        {
            model.eval();
            foreach (var pass in passes)
            {
                using var scope = NewDisposeScope();
                observer.Pass(pass);
            }
        }
        catch
        {
            observer.Free();
            throw;
        }
        finally
        {
            modes.PutBack();
        }
    }

    private static void RequireInputs(IReadOnlyList<StartingLayer> layers, InputObserver observer)
    {
        var silent = layers.Where(l => observer[l.Name].Rows == 0).Select(l => $"'{l.Name}'").ToList();
        if (silent.Count > 0)
        {
            throw new InvalidOperationException(
                $"{silent.Count} of {layers.Count} layers to adapt read nothing in the batches of {nameof(TripletInitialization.FromData)}: {string.Join(", ", silent)}. Give it at least one batch, call layers through call and not through forward, and exclude layers that the batches do not reach.");
        }
    }
}
