using AdaLora.Adapters;
using AdaLora.Initialization;
using AdaLora.Tests.Models;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Initialization;

/// <summary>The principal directions of what layers read, and the ranks that they give.</summary>
public sealed class DataInitializationTests
{
    /// <summary>An exact decomposition of all rows at once, about their mean.</summary>
    [Fact]
    public void Rows_of_Q_are_the_principal_directions_of_all_inputs_together()
    {
        using var scope = NewDisposeScope();
        using var model = new MixedModel(ScalarType.Float32);
        using var adapted = InitializationTests.Attach(model, InitializationTests.FromData(model, batches: 5, maxRankFactor: 1));
        var inputs = Collect(5);

        Assert.All(adapted.Adapters, a => Assert.Equal(3, a.Rank));
        foreach (var (adapter, rows) in adapted.Adapters.Zip(inputs))
        {
            var centred = rows - rows.mean([0], keepdim: true);
            var (_, values, right) = linalg.svd(centred, false);
            // A direction is found if the rows vary along it as much as along the exact one. Of the patches' 18 directions, 11 are kept from batch to batch, and noise has no few that stand out.
            var found = centred.mm(InitializationTests.Right(adapter).to(ScalarType.Float64).t()).square().sum([0]);
            var exact = values.narrow(0, 0, 3).square();
            foreach (var (one, other) in InitializationTests.Doubles(exact).Zip(InitializationTests.Doubles(found)))
                Assert.Equal(one, other, 1e-2 * one);
            InitializationTests.RequireOrthonormal(adapter, 1e-6);
        }
    }

    /// <summary>With as many directions as there are, nothing is lost from batch to batch, however far the means lie apart.</summary>
    [Fact]
    public void Directions_of_batches_are_those_of_all_rows_if_all_are_kept()
    {
        using var scope = NewDisposeScope();
        using var generator = manual_seed(4);
        var batches = ((int[])[1, 40, 3, 17, 0]).Select((count, i) => (randn(count, 9) * arange(1, 10)) + (10f * i)).ToArray();
        var directions = batches.Aggregate(new InputDirections(9), (known, batch) => known.With(batch));
        var all = cat(batches).to(ScalarType.Float64);
        var centred = all - all.mean([0], keepdim: true);
        var squares = InitializationTests.Doubles(linalg.svdvals(centred).square());

        Assert.Equal(61, directions.Rows);
        Assert.Equal(squares.Select(s => s / squares.Sum()), directions.ReadShares(), (a, b) => Math.Abs(a - b) < 1e-5);
        var along = InitializationTests.Doubles(centred.mm(directions.Right!.to(ScalarType.Float64).t()).square().sum([0]));
        Assert.Equal(squares, along, (a, b) => Math.Abs(a - b) < 1e-4 * a);
    }

    [Fact]
    public void Ranks_go_where_directions_explain_most_and_their_sum_is_the_budget()
    {
        using var scope = NewDisposeScope();
        using var model = new MixedModel(ScalarType.Float32);
        using var adapted = InitializationTests.Attach(model, InitializationTests.FromData(model, batches: 5));
        var shares = Collect(5).Zip(adapted.Adapters).SelectMany(pair =>
        {
            var centred = pair.First - pair.First.mean([0], keepdim: true);
            var values = InitializationTests.Doubles(linalg.svdvals(centred).square());
            return values.Take(6).Select(v => (pair.Second.Slot.Name, Share: v / values.Sum()));
        });
        var expected = shares.OrderByDescending(s => s.Share).Take(12).GroupBy(s => s.Name).ToDictionary(g => g.Key, g => g.Count());

        Assert.Equal(12, adapted.Adapters.Sum(a => a.Rank));
        Assert.Equal(adapted.Adapters.Select(a => expected.GetValueOrDefault(a.Slot.Name)), adapted.Adapters.Select(a => a.Rank));
        // The scale is that of the options' rank.
        Assert.All(adapted.Adapters, a => Assert.Equal(32 / 3.00001, a.Scale));
        adapted.Begin(20);
        Assert.Equal((12, 8), (adapted.Schedule!.InitialBudget, adapted.Schedule.TargetBudget));
    }

    [Fact]
    public void Layers_that_read_the_same_tensor_share_a_decomposition()
    {
        using var scope = NewDisposeScope();
        using var model = new BranchingModel();
        var layers = ((string[])["query", "key", "value", "output"]).Select(n => new StartingLayer(n, AdapterKinds.Describe(model.named_children().First(c => c.name == n).module)!, 2)).ToList();
        using var observer = new InputObserver(layers, l => l.Rank);
        for (var pass = 0; pass < 3; pass++)
            observer.Pass(() => model.call(randn(5, 8)).Dispose());

        Assert.Equal(3 * 2, observer.Decompositions);
        Assert.Same(observer["query"], observer["key"]);
        Assert.Same(observer["query"], observer["value"]);
        Assert.NotSame(observer["query"], observer["output"]);
        Assert.Equal(15, observer["output"].Rows);
    }

    [Fact]
    public void A_layer_that_is_called_several_times_has_read_all_of_it()
    {
        using var scope = NewDisposeScope();
        using var layer = nn.Linear(4, 4);
        using var observer = new InputObserver([new StartingLayer("a", AdapterKinds.Describe(layer)!, 2)], _ => 4);
        observer.Pass(() => layer.call(layer.call(ones(2, 3, 4))).Dispose());
        Assert.Equal(12, observer["a"].Rows);
    }

    [Fact]
    public void Inputs_that_do_not_vary_get_what_is_left_and_nothing_is_infinite()
    {
        using var scope = NewDisposeScope();
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { Initialization = TripletInitialization.FromData([1, 2], _ => model.call(ones(3, 8)).Dispose()) });
        Assert.Equal(8, adapted.Adapters.Sum(a => a.Rank));
        Assert.True(adapted.TrainableParameters[0].isfinite().all().item<bool>());
    }

    [Fact]
    public void The_model_is_watched_in_evaluation_mode_without_gradients_and_left_as_it_was()
    {
        using var model = new TinyModel();
        model.train();
        var seen = new List<(bool Training, bool Gradients)>();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with
        {
            Initialization = TripletInitialization.FromData([1], _ =>
            {
                seen.Add((model.training, is_grad_enabled()));
                model.call(randn(3, 8)).Dispose();
            }),
        });
        Assert.Equal([(false, false)], seen);
        Assert.True(model.training);
        Assert.True(is_grad_enabled());
        Assert.Equal(0, adapted.TripletParameters.Lambda.abs().max().item<float>());
    }

    [Fact]
    public void Layers_that_no_batch_reaches_are_named_and_the_model_is_left_alone()
    {
        using var model = new TinyModel { SkipSecond = true };
        var before = TrainedTiny.Outputs(model);
        var options = TinyTask.Options with { Initialization = TripletInitialization.FromData([1], _ => model.call(randn(3, 8)).Dispose()) };

        var message = Assert.Throws<InvalidOperationException>(() => AdaLoraModel.Attach(model, options)).Message;
        Assert.Contains("1 of 2 layers to adapt read nothing in the batches of FromData: 'second'", message, StringComparison.Ordinal);
        Assert.Contains("2 of 2", Assert.Throws<InvalidOperationException>(() =>
            AdaLoraModel.Attach(model, TinyTask.Options with { Initialization = TripletInitialization.FromData(Array.Empty<int>(), _ => { }) })).Message, StringComparison.Ordinal);
        Assert.Throws<DivideByZeroException>(() =>
            AdaLoraModel.Attach(model, TinyTask.Options with { Initialization = TripletInitialization.FromData([1], _ => throw new DivideByZeroException()) }));
        var undefined = TinyTask.Options with { Initialization = TripletInitialization.FromData([1], _ => model.call(full([3, 8], float.NaN)).Dispose()) };
        Assert.Contains("not finite", Assert.Throws<InvalidOperationException>(() => AdaLoraModel.Attach(model, undefined)).Message, StringComparison.Ordinal);

        Assert.Equal(before, TrainedTiny.Outputs(model));
        Assert.All(model.parameters(), p => Assert.True(p.requires_grad));
    }

    [Fact]
    public void Nothing_is_left_behind_in_memory_but_the_bank()
    {
        using var model = new TinyModel();
        // The first call loads what stays.
        AdaLoraModel.Attach(model, TinyTask.Options).Detach();
        using var scope = NewDisposeScope();
        var before = Tensor.TotalCount;
        AdaLoraModel.Attach(model, TinyTask.Options with { Initialization = TripletInitialization.FromData([1, 2, 3], _ => model.call(randn(3, 8)).Dispose()) }).Detach();
        var with = Tensor.TotalCount - before;
        AdaLoraModel.Attach(model, TinyTask.Options).Detach();
        Assert.True(with <= Tensor.TotalCount - before - with, $"{with} tensors are left");
    }

    [Fact]
    public void Ranks_are_dealt_out_to_the_highest_shares_and_ties_to_the_lower_name()
    {
        var ranks = RankShares.DealOut([("b", 0, 3, [0.5, 0.2, 0.1]), ("a", 0, 3, [0.5, 0.2]), ("c", 0, 2, [0.9, 0.05])], 4);
        Assert.Equal(2, ranks["a"]);
        Assert.Equal(1, ranks["b"]);
        Assert.Equal(1, ranks["c"]);
        Assert.Equal([3, 3, 2], RankShares.DealOut([("a", 0, 3, []), ("b", 0, 3, []), ("c", 0, 2, [])], 8).OrderBy(r => r.Key).Select(r => r.Value));
    }

    // What the layers of a mixed model read in the batches of InitializationTests.FromData, as rows in double precision.
    private static List<Tensor> Collect(int batches)
    {
        using var model = new MixedModel(ScalarType.Float32);
        model.eval();
        using var noGrad = no_grad();
        var rows = Enumerable.Range(0, 4).Select(_ => new List<Tensor>()).ToList();
        for (var seed = 0; seed < batches; seed++)
        {
            using var generator = new Generator((ulong)seed + 1, CPU);
            model.call(randn([4, 2, 6, 6], generator: generator)).Dispose();
            for (var i = 0; i < 4; i++)
            {
                // Patches of 3 x 3 pixels, two apart, one pixel beyond the edges.
                rows[i].Add(i > 0 ? model.Read[i] : nn.functional.pad(model.Read[0], [1, 1, 1, 1]).unfold(2, 3, 2).unfold(3, 3, 2).permute(0, 2, 3, 1, 4, 5).reshape(-1, 18));
            }
        }

        return [.. rows.Select(r => cat(r).to(ScalarType.Float64))];
    }
}
