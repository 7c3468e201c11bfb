using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// A layer that declares nothing, but computes x W' + b with its only matrix, as a linear map. What it computes was compared with that on random input. If the matrix holds whole numbers, of
/// which nobody else knows what they stand for, it was only found to be a linear map between rows of these sizes.
/// </summary>
internal sealed class ProbedProjection : IProjection
{
    private const int Rows = 3;
    private const ulong Seed = 20230310;

    private readonly Func<Tensor> _read;

    private ProbedProjection(Func<Tensor> read, bool isTransposed)
    {
        var shape = read().shape;
        _read = read;
        WeightIsTransposed = isTransposed;
        (OutFeatures, InFeatures) = isTransposed ? (shape[1], shape[0]) : (shape[0], shape[1]);
    }

    public Tensor Weight => _read();

    // Not known by itself; the layer adds it.
    public Tensor? Bias => null;

    public long InFeatures { get; }

    public long OutFeatures { get; }

    public bool WeightIsTransposed { get; }

    /// <summary>Runs the module on random rows, in evaluation mode and without a graph.</summary>
    /// <returns>The module as a linear map, or null if it is not one or not recognised.</returns>
    public static IProjection? Of(nn.Module<Tensor, Tensor> module)
    {
        if (MatrixOf(module) is not { } read)
            return null;
        var wasTraining = module.training;
        try
        {
            module.eval();
            return ((bool[])[false, true]).Select(isTransposed => new ProbedProjection(read, isTransposed)).FirstOrDefault(projection => projection.Agrees(module));
        }
        finally
        {
            module.train(wasTraining);
        }
    }

    private bool Agrees(nn.Module<Tensor, Tensor> module)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var isWhole = Projection.HasWholeNumbers(this);
        var (dtype, device) = (isWhole ? ScalarType.Float32 : Weight.dtype, Weight.device);
        // A generator of its own: attaching must not use up random numbers of the user's.
        using var generator = new Generator(Seed, CPU);
        Tensor Draw() => randn([Rows, InFeatures], generator: generator).to(dtype).to(device);
        var input = Draw();
        try
        {
            if (Run(module, zeros_like(input)) is not { } constant || Run(module, input) is not { } output)
                return false;
            var (found, size) = (output.Add(constant.neg()), constant.abs().max());
            if (!isWhole)
                return IsClose(found, nn.functional.linear(input, WeightIsTransposed ? Weight.t() : Weight).to(ScalarType.Float64), size, dtype);
            var other = Draw();
            return Run(module, other) is { } second && Run(module, input.Add(other)) is { } sum
                && IsClose(sum.Add(constant.neg()), found.Add(second.Add(constant.neg())), size, dtype);
        }
        catch (Exception e) when (e is System.Runtime.InteropServices.ExternalException or ArgumentException or InvalidOperationException or NotSupportedException or IndexOutOfRangeException)
        {
            // It expects something else than rows.
            return false;
        }
    }

    // Null where it does not return rows of the right size.
    private Tensor? Run(nn.Module<Tensor, Tensor> module, Tensor input)
    {
        var output = module.forward(input);
        long[] shape = [Rows, OutFeatures];
        return output.is_floating_point() && output.shape.SequenceEqual(shape) ? output.to(ScalarType.Float64) : null;
    }

    private static bool IsClose(Tensor found, Tensor expected, Tensor size, ScalarType dtype) =>
        HostRead.Scalar<bool>(found.Add(expected.neg()).abs().max().le(expected.abs().max().Add(size).Mul(Tolerance(dtype))));

    private static double Tolerance(ScalarType dtype) => dtype switch
    {
        ScalarType.Float64 => 1e-10,
        ScalarType.Float32 => 1e-5,
        _ => 0.03,
    };

    // Modules below, or more than one matrix, may do anything.
    private static Func<Tensor>? MatrixOf(nn.Module module)
    {
        if (module.named_children().Any())
            return null;
        var parameters = module.named_parameters(recurse: false).Where(own => IsMatrix(own.parameter)).Select(own => own.name).ToList();
        var buffers = module.named_buffers(recurse: false).Where(own => IsMatrix(own.buffer)).Select(own => own.name).ToList();
        return (parameters, buffers) switch
        {
            ([var name], []) => () => module.named_parameters(recurse: false).First(own => own.name == name).parameter,
            ([], [var name]) => () => module.named_buffers(recurse: false).First(own => own.name == name).buffer,
            _ => null,
        };
    }

    private static bool IsMatrix(Tensor tensor) => tensor.dim() >= 2;
}
