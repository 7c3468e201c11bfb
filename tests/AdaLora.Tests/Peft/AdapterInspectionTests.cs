using System.Text.Json.Nodes;
using AdaLora.Peft;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Peft;

public sealed class AdapterInspectionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Rows, columns and rank: tall, wide, square, with more triplets than rows, with one triplet, with none.</summary>
    public static TheoryData<int, int, int> Shapes => new() { { 20, 7, 4 }, { 7, 20, 4 }, { 9, 9, 4 }, { 3, 5, 4 }, { 1, 1, 4 }, { 8, 6, 1 }, { 8, 6, 0 } };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_matrix_is_measured_as_a_direct_decomposition_of_its_product_measures_it(int rows, int columns, int rank)
    {
        using var scope = NewDisposeScope();
        using var seed = manual_seed((rows * 100) + columns);
        var (p, lambda, q) = (randn(rows, rank), randn(rank, 1), randn(rank, columns));
        var file = new SavedByHand(_folder.Path).With("layer", p, lambda, q);
        file.Config["rank_pattern"] = new JsonObject { ["layer.lora_E"] = new JsonArray([.. Enumerable.Range(0, 4).Select(i => (JsonNode)(i < rank))]) };
        file.Write();

        var matrix = Assert.Single(AdapterInspection.Read(_folder.Path).Matrices);

        var scale = 6 / (4 + 1e-5);
        var (left, right) = (p.to(ScalarType.Float64), q.to(ScalarType.Float64));
        var product = left.mm(right.mul(lambda.to(ScalarType.Float64))).mul(scale);
        var expected = linalg.svd(product, fullMatrices: false).S.data<double>().ToArray();
        var largest = expected[0];
        var count = Math.Min(rank, Math.Min(rows, columns));
        Assert.Equal((rows, columns, 4, rank), (matrix.OutFeatures, matrix.InFeatures, matrix.InitialRank, matrix.Rank));
        Assert.Equal(scale, matrix.Scale);
        Assert.Equal(count, matrix.SingularValues.Count);
        Assert.All(matrix.SingularValues.Zip(expected), v => Assert.Equal(v.Second, v.First, 1e-12 * largest));
        Assert.All(expected.Skip(count), rest => Assert.True(rest <= 1e-12 * largest, "the product has no more singular values"));
        Assert.Equal(product.norm().item<double>(), matrix.FrobeniusNorm, 1e-12 * Math.Max(1, largest));
        Assert.Equal((left.t().mm(left) - eye(rank)).norm().item<double>(), matrix.LeftError!.Value, 1e-12);
        Assert.Equal((right.mm(right.t()) - eye(rank)).norm().item<double>(), matrix.RightError!.Value, 1e-12);
        for (var i = 0; i < rank; i++)
        {
            var alone = left.narrow(1, i, 1).mm(right.narrow(0, i, 1)).mul(scale * lambda[i, 0].item<float>()).norm().item<double>();
            Assert.Equal(lambda[i, 0].item<float>(), matrix.Triplets[i].Lambda);
            Assert.Equal(alone, matrix.Triplets[i].Norm, 1e-12 * Math.Max(1, alone));
            Assert.Equal(alone * alone / product.square().sum().item<double>(), matrix.Triplets[i].Energy, 1e-9);
        }
    }

    [Fact]
    public void Orthonormal_triplets_share_out_the_whole_energy_and_their_norms_are_the_singular_values()
    {
        using var scope = NewDisposeScope();
        using var seed = manual_seed(5);
        var (p, q) = (linalg.qr(randn(9, 4, dtype: ScalarType.Float64)).Q, linalg.qr(randn(7, 4, dtype: ScalarType.Float64)).Q.t());
        new SavedByHand(_folder.Path).With("layer", p, tensor(new[] { -3.0, 1, 0, 2 }).view(4, 1), q).Write();

        var matrix = Assert.Single(AdapterInspection.Read(_folder.Path).Matrices);

        Assert.Equal([9.0 / 14, 1.0 / 14, 0, 4.0 / 14], matrix.Triplets.Select(t => t.Energy), Near);
        Assert.Equal(matrix.SingularValues, matrix.Triplets.Select(t => t.Norm).OrderDescending(), Near);
        Assert.Equal([-3.0, 1, 0, 2], matrix.Triplets.Select(t => t.Lambda!.Value));
        Assert.True(matrix.LeftError < 1e-12 && matrix.RightError < 1e-12);
    }

    [Fact]
    public void Plain_lora_has_no_lambdas_and_no_orthogonality_and_its_own_scale_and_ranks()
    {
        using var scope = NewDisposeScope();
        using var seed = manual_seed(6);
        var (b, a) = (randn(6, 2, dtype: ScalarType.Float64), randn(2, 5, dtype: ScalarType.Float64));
        var file = new SavedByHand(_folder.Path).With("layer.lora_B.weight", b).With("layer.lora_A.weight", a);
        file.Config["peft_type"] = "LORA";
        file.Config["r"] = 3;
        file.Config["rank_pattern"] = new JsonObject { ["layer"] = 2 };
        file.Write();

        var inspection = AdapterInspection.Read(_folder.Path);

        var matrix = Assert.Single(inspection.Matrices);
        Assert.Equal(("LORA", true, 2, 2), (inspection.Kind, inspection.AreRanksFinal, matrix.InitialRank, matrix.Rank));
        Assert.Equal((3.0, 22L), (matrix.Scale, inspection.AdapterParameters));
        Assert.Equal((null, null), (matrix.LeftError, matrix.RightError));
        Assert.All(matrix.Triplets, t => Assert.Null(t.Lambda));
        Assert.Equal(linalg.svdvals(b.mm(a).mul(3)).data<double>().ToArray()[..2], matrix.SingularValues, Near);
    }

    [Fact]
    public void Matrices_without_a_product_have_no_energy()
    {
        using var scope = NewDisposeScope();
        new SavedByHand(_folder.Path).With("layer", ones(3, 4), zeros(4, 1), ones(4, 5)).Write();

        var matrix = Assert.Single(AdapterInspection.Read(_folder.Path).Matrices);

        Assert.All(matrix.Triplets, t => Assert.Equal((0.0, 0.0), (t.Norm, t.Energy)));
        Assert.Equal(0, matrix.FrobeniusNorm);
    }

    [Fact]
    public void Names_with_numbers_are_in_the_order_of_layers()
    {
        using var scope = NewDisposeScope();
        var file = new SavedByHand(_folder.Path);
        foreach (var name in (string[])["m.10.b", "m.2.b", "m.2.a", "pooler"])
            _ = file.With(name, ones(3, 4), ones(4, 1), ones(4, 5));
        file.Write();

        Assert.Equal(["m.2.a", "m.2.b", "m.10.b", "pooler"], AdapterInspection.Read(_folder.Path).Matrices.Select(m => m.Name));
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(12, false)]
    [InlineData(28, false)]
    [InlineData(28, true)]
    public void What_this_library_saves_is_told_as_the_model_reports_it(int steps, bool compact)
    {
        using var trained = new TrainedTiny(steps, compact);
        trained.Adapted.Save(_folder.Path);
        using var scope = NewDisposeScope();

        var inspection = AdapterInspection.Read(_folder.Path);

        var report = trained.Adapted.Report();
        Assert.Equal(trained.Adapted.IsPatternFinal, inspection.AreRanksFinal);
        Assert.Equal(report.Modules.Sum(m => m.InitialRank), inspection.InitialTriplets);
        foreach (var module in report.Modules)
        {
            var matrix = inspection.Matrices.Single(m => m.Name == module.Name);
            Assert.Equal((module.InitialRank, trained.Adapted.IsPatternFinal ? module.LiveRank : module.InitialRank), (matrix.InitialRank, matrix.Rank));
            var delta = trained.Adapted.Adapters.Single(a => a.Slot.Name == module.Name).DeltaWeight().to(ScalarType.Float64);
            Assert.Equal(linalg.svdvals(delta).data<double>().ToArray()[..matrix.Rank], matrix.SingularValues, (a, b) => Math.Abs(a - b) < 1e-5);
        }

        if (trained.Adapted.IsPatternFinal)
            Assert.Equal((report.Budget, report.Counts.Adapters), (inspection.KeptTriplets, inspection.AdapterParameters));
        Assert.Equal([("head", (3L * 16) + 3)], inspection.TrainedInFull.Select(module => (module.Name, module.Parameters)));
        Assert.Equal(51, inspection.ParametersInFull);
    }

    private static bool Near(double x, double y) => Math.Abs(x - y) < 1e-12 * Math.Max(1, Math.Abs(x));
}
